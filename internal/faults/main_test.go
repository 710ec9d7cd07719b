package faults

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var (
	stormCalls = flag.Int("storm.calls", defaultCalls, "how many messages TestStorm recalls for each seed")
	stormSeeds = flag.Int("storm.seeds", 3, "how many seeds TestStorm tries")
)

// TestMain runs the tests, after which no goroutine may be left. In a process
// that TestProxyVariables started, it makes that test's calls instead.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		callFromChild()
		return
	}
	flag.Parse()
	flag.Set("test.parallel", "8") // most of these tests wait, and do nothing else
	goleak.VerifyTestMain(m)
}
