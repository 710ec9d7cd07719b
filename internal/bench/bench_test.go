package bench

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// points calls f for each point of measurement.
func points(b *testing.B, f func(b *testing.B, name, vendor, scheme string, parallel int)) {
	b.Helper()
	for _, vendor := range vendors {
		for _, scheme := range schemes {
			for _, parallel := range []int{1, 8, 64} {
				f(b, fmt.Sprintf("vendor=%s/scheme=%s/parallel=%d", vendor, scheme, parallel), vendor, scheme, parallel)
			}
		}
	}
}

// BenchmarkRecall recalls one message after the other. Compare with
// benchstat -col /impl.
func BenchmarkRecall(b *testing.B) {
	points(b, func(b *testing.B, name, vendor, scheme string, parallel int) {
		b.Helper()
		for _, impl := range impls {
			b.Run(name+"/impl="+impl, func(b *testing.B) {
				call := warm(b, vendor, scheme, impl, parallel)
				runtime.GC() // what others left behind is not this one's work
				b.ReportAllocs()
				b.ResetTimer()
				_, cpu := measure(b, call, b.N, parallel)
				b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	})
}

// BenchmarkRatio says how many times the twin's time a recall takes, of a
// processor and by the clock. Both take turns in one process, so that a busy
// machine slows down both; an op is one turn of each, and the ratios are
// medians. Given is ours with a transport of the caller's.
func BenchmarkRatio(b *testing.B) {
	const calls = 2000 // in a turn: several collections of garbage
	points(b, func(b *testing.B, name, vendor, scheme string, parallel int) {
		b.Helper()
		b.Run(name, func(b *testing.B) {
			ours, twins := warm(b, vendor, scheme, "imrecall", parallel), warm(b, vendor, scheme, "twin", parallel)
			withGiven := warm(b, vendor, scheme, given, parallel)
			var wall, cpu, givenCPU []float64
			for b.Loop() {
				ourWall, ourCPU := measure(b, ours, calls, parallel)
				twinWall, twinCPU := measure(b, twins, calls, parallel)
				_, theirCPU := measure(b, withGiven, calls, parallel)
				wall = append(wall, ourWall.Seconds()/twinWall.Seconds())
				cpu = append(cpu, ourCPU.Seconds()/twinCPU.Seconds())
				givenCPU = append(givenCPU, theirCPU.Seconds()/twinCPU.Seconds())
			}
			b.ReportMetric(median(wall), "ns-ratio")
			b.ReportMetric(median(cpu), "cpu-ratio")
			b.ReportMetric(median(givenCPU), "given-cpu-ratio")
		})
	})
}

// warm returns a recaller whose connections and token are there.
func warm(b *testing.B, vendor, scheme, impl string, parallel int) recaller {
	b.Helper()
	call, _ := newRecaller(b, vendor, scheme, impl)
	measure(b, call, 20*parallel, parallel) // until no more connections are wanted: a handshake is no recall
	return call
}

// measure makes calls, and returns what they took.
func measure(b *testing.B, call recaller, calls, parallel int) (wall, cpu time.Duration) {
	b.Helper()
	start, before := time.Now(), cpuTime()
	if err := load(b.Context(), call, calls, parallel); err != nil {
		b.Fatal(err)
	}
	return time.Since(start), cpuTime() - before
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
