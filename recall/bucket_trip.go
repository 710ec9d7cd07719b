package recall

import "time"

// roundTrip knows how long round trips take: the shortest one of the current
// span of time and of the one before, and the usual one.
type roundTrip struct {
	since             time.Time // when the current span began
	current, previous time.Duration
	usual             time.Duration // on average of late
}

// trustTrips is how long such a span lasts.
const trustTrips = 10 * time.Second

// add takes in one more.
func (r *roundTrip) add(now time.Time, trip time.Duration) *roundTrip {
	if now.Sub(r.since) >= trustTrips {
		r.previous = r.current
		if r.since.IsZero() || now.Sub(r.since) >= 2*trustTrips {
			r.previous, r.usual = trip, trip // what was seen before is too old
		}
		r.since, r.current = now, trip
	}
	r.current = min(r.current, trip)
	r.usual += (min(trip, 2*r.shortest()) - r.usual) / 16 // one that is very late does not count for many
	return r
}

func (r *roundTrip) shortest() time.Duration { return min(r.current, r.previous) }

// early is how much less than per after its answer the permit of a call may
// come back: half of the time that the way takes at least, since the answer took
// a part of it to come, and the next call takes a part of it to arrive.
//
// A busy machine, here or there, makes trips look longer than the way is, and
// some of them more than others. So what the usual trip takes longer than the
// shortest is taken off twice, and a little more for what delays all alike.
func (r *roundTrip) early(per time.Duration) time.Duration {
	way := r.shortest() - 2*(r.usual-r.shortest())
	return min(max(way/2-per/doubt, 0), per/20)
}

// doubt is the share of the quota's time that all round trips may owe to a
// machine that was busy all the while: 5 ms of a second.
const doubt = 200
