// Command imrecall recalls chat messages from a terminal: one, or a file of millions. See docs/cli.md.
package main

import (
	"os"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/cli"
)

func main() { os.Exit(cli.Main()) }
