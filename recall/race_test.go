//go:build race

package recall_test

// waveLength is less under the race detector, which takes its time.
const waveLength = 50_000
