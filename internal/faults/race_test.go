//go:build race

package faults

// defaultCalls is less under the race detector, which takes its time.
const defaultCalls = 3_400
