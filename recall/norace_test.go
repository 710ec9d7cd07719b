//go:build !race

package recall_test

// waveLength is how many messages TestEachInBoundedMemory recalls.
const waveLength = 1_000_000
