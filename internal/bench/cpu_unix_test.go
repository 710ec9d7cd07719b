//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is the time that this process has spent on processors, in the
// kernel as well.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
