//go:build !race

package faults

const defaultCalls = 10_000
