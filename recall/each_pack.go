package recall

import (
	"container/list"
	"slices"
	"time"
)

// entry is one request that was read, and its number in order of reading.
type entry struct {
	number int
	req    Request
}

// share is requests that share a call.
type share struct {
	key     string
	limit   int
	since   time.Time     // when its first request was read
	place   *list.Element // among those that wait for more requests; nil once it may go
	reqs    []Request
	numbers []int
	before  history
}

// add makes room in two steps, as most shares have either few requests or all
// that they can.
func (s *share) add(e entry) {
	if n := len(s.reqs); n == 0 || n == cap(s.reqs) && n < s.limit {
		room := min(s.limit, 4+16*n) - n
		s.reqs, s.numbers = slices.Grow(s.reqs, room), slices.Grow(s.numbers, room)
	}
	s.reqs = append(s.reqs, e.req)
	s.numbers = append(s.numbers, e.number)
}

// load is what one call takes: one request, or a share.
type load struct {
	entry
	share *share // nil for one request that goes alone
}

func (l load) size() int {
	if l.share == nil {
		return 1
	}
	return len(l.share.reqs)
}

// each calls f for every request of the load.
func (l load) each(f func(entry, history)) {
	if l.share == nil {
		f(l.entry, history{})
		return
	}
	for i, req := range l.share.reqs {
		f(entry{l.share.numbers[i], req}, l.share.before)
	}
}

// packer holds the requests that were read and not yet handed to the
// provider. Loads go in the order in which they became ready: full, or old
// enough. A full one is not held up by others that are not, and a rare key is
// not starved by frequent ones. A share goes on taking requests until its turn
// comes.
type packer struct {
	urgent queue[load]       // parts of shares that failed as a whole
	ready  queue[load]       // full, old enough, or alone
	open   map[string]*share // by key, those that are not full
	aging  list.List         // of *share: those that are open and not ready, oldest first
}

// add takes in a request. True means that a share began with it, which waits
// for more.
func (p *packer) add(e entry, key string, limit int, linger time.Duration) bool {
	if key == "" || limit <= 1 {
		p.ready.push(load{entry: e})
		return false
	}
	s, began := p.open[key], false
	if s != nil && len(s.reqs) >= limit { // the limit was higher before
		p.fill(s)
		s = nil
	}
	if s == nil {
		s = &share{key: key, limit: limit}
		p.open[key] = s
		if began = linger > 0; began {
			s.since = time.Now()
			s.place = p.aging.PushBack(s)
		} else {
			p.ready.push(load{share: s})
		}
	}
	s.add(e)
	s.limit = min(s.limit, limit)
	if len(s.reqs) >= s.limit {
		p.fill(s)
	}
	return began
}

// fill ends the filling of a share.
func (p *packer) fill(s *share) {
	delete(p.open, s.key)
	p.ripen(s)
}

// ripen makes a share ready, unless it is.
func (p *packer) ripen(s *share) {
	if s.place == nil {
		return
	}
	p.aging.Remove(s.place)
	s.place = nil
	p.ready.push(load{share: s})
}

// oldest returns the share that has been waiting for more requests for the
// longest time, nil if none does.
func (p *packer) oldest() *share {
	if front := p.aging.Front(); front != nil {
		return front.Value.(*share)
	}
	return nil
}

// has tells whether there is a load to take: a ready one or, in need, one that
// waits for more.
func (p *packer) has(need bool) bool {
	return p.urgent.len() > 0 || p.ready.len() > 0 || need && p.aging.Len() > 0
}

// take returns the load whose turn it is. There has to be one.
func (p *packer) take() load {
	if p.urgent.len() > 0 {
		return p.urgent.pop()
	}
	if p.ready.len() == 0 {
		p.ripen(p.oldest())
	}
	l := p.ready.pop()
	if l.share != nil && p.open[l.share.key] == l.share {
		delete(p.open, l.share.key)
	}
	return l
}

// queue is first in, first out. It keeps its memory.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, v)
}

// pop returns the first. There has to be one.
func (q *queue[T]) pop() T {
	v := q.items[q.head]
	var none T
	q.items[q.head] = none
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return v
}
