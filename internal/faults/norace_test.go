//go:build !race

package faults

import "time"

const defaultCalls = 10_000

const stormAttempt = 150 * time.Millisecond
