package main

import "sync"

// flights are the messages for which a vendor is being asked right now. One
// that the database calls "requested" and that is not among them was cut
// short: its outcome could not be written down.
type flights struct {
	mu  sync.Mutex
	now map[key]bool
}

func newFlights() *flights { return &flights{now: make(map[key]bool)} }

func (f *flights) begin(k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now[k] = true
}

func (f *flights) end(k key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.now, k)
}

func (f *flights) under(k key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now[k]
}
