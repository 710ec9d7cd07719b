//go:build race

package faults

import "time"

// defaultCalls is less under the race detector, which takes its time.
const defaultCalls = 3_400

// stormAttempt is the time of one attempt. The detector slows all 64 callers and the server down: an attempt that nothing
// is wrong with must not run out of time.
const stormAttempt = 3 * time.Second
