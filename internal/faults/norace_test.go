//go:build !race

package faults

import "time"

const defaultCalls = 10_000

const stormAttempt = time.Second
