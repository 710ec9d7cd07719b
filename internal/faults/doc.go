// Package faults holds tests only: what becomes of a call through each of the
// three vendors' clients when the network, a gateway or the vendor misbehaves.
// docs/reliability.md says what they show.
package faults
