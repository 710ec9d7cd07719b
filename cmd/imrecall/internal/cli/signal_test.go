package cli

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/progress"
)

// TestOneSignalMayComeTwice has what timeout(1) does: it sends its signal to the process, and at once to its group.
func TestOneSignalMayComeTwice(t *testing.T) {
	for between, quits := range map[time.Duration]bool{0: false, 900 * time.Millisecond: false, time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			var said bytes.Buffer
			var codes []int
			p := &program{env: Env{Now: time.Now, Exit: func(code int) { codes = append(codes, code) }}}
			signals, stop := make(chan os.Signal, 2), make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go p.watch(ctx, signals, stop, &report{progress: progress.Lines(&said, -1, time.Hour, time.Now)})
			signals <- syscall.SIGTERM
			<-stop
			if between > 0 {
				<-time.After(between)
			}
			signals <- syscall.SIGTERM
			synctest.Wait()
			if quits {
				assert.Equal(t, []int{exitInterrupted}, codes)
				return
			}
			assert.Empty(t, codes, between)
			<-time.After(time.Minute)
			signals <- syscall.SIGTERM // of somebody who has waited long enough
			synctest.Wait()
			assert.Equal(t, []int{exitInterrupted}, codes)
		})
	}
}
