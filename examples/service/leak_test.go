package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// asService makes the test's executable the service, for a test that kills it.
const asService = "IMRECALL_TEST_AS_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(asService) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}
