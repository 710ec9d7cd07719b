package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/cli"
)

// TestMain makes this test binary the command that scripts and tests run as imrecall.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"imrecall": func() { os.Exit(cli.Main()) }})
}
