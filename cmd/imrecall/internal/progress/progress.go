// Package progress shows how far a run is: as a bar on a terminal, as plain lines elsewhere.
package progress

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how far a run is. Its methods are safe for concurrent use.
type Progress interface {
	// Show tells that done messages are settled, and what became of them.
	Show(done int, counts string)
	// Print writes a line of text.
	Print(line string)
	// Close ends it.
	Close()
}

// Narrowest is the width of a terminal below which a bar breaks its line.
const Narrowest = besides + narrowBar

// Bar returns a progress for a terminal of the given width, at least Narrowest, of total messages; -1 where nobody knows how many.
func Bar(w io.Writer, total, width int) Progress {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(narrowBar),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("msg"),
		progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionSetSpinnerChangeInterval(0), // or a goroutine of its own would go on after Close
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
	}
	room := width - besides - narrowBar
	if wide := room - (wideBar - narrowBar) - 2*len(strconv.Itoa(total)); wide >= manyCounts {
		room = wide
		options = append(options, progressbar.OptionSetWidth(wideBar), progressbar.OptionShowCount())
	}
	return &bar{w: w, room: max(room, 0), bar: progressbar.NewOptions(total, options...)}
}

// What a line is made of. Where it is too short for all, the counts by outcome are worth more than a long bar.
const (
	narrowBar  = 6
	wideBar    = 20
	besides    = 44 // percentage, rate and times
	manyCounts = 40 // as in "1900000 recalled, 12 not found, 3 refused"
)

type bar struct {
	mu   sync.Mutex
	w    io.Writer
	room int // for counts
	bar  *progressbar.ProgressBar
}

func (b *bar) Show(done int, counts string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(counts) > b.room {
		counts = counts[:max(b.room-2, 0)] + ".."[:min(b.room, 2)]
	}
	_ = b.bar.Set(done) // a terminal that is gone is no reason to stop
	b.bar.Describe(counts)
}

func (b *bar) Print(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Clear()
	fmt.Fprintln(b.w, line)
}

func (b *bar) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Exit()
	_ = b.bar.Clear()
}

// Lines returns a progress that writes a line every now and then, of total messages; -1 where nobody knows how many.
func Lines(w io.Writer, total int, every time.Duration, now func() time.Time) Progress {
	start := now()
	return &lines{w: w, total: total, every: every, now: now, start: start, last: start}
}

type lines struct {
	mu          sync.Mutex
	w           io.Writer
	total       int
	every       time.Duration
	now         func() time.Time
	start, last time.Time
}

func (l *lines) Show(done int, counts string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.last) < l.every {
		return
	}
	l.last = now
	fmt.Fprintln(l.w, Line(done, l.total, now.Sub(l.start), counts))
}

func (l *lines) Print(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (l *lines) Close() {}

// Line describes how far a run is.
func Line(done, total int, took time.Duration, counts string) string {
	rate := float64(done) / took.Seconds()
	var b strings.Builder
	fmt.Fprintf(&b, "%d", done)
	if total > 0 {
		fmt.Fprintf(&b, " of %d (%d %%)", total, done*100/total)
	}
	fmt.Fprintf(&b, ", %.0f/s", rate)
	if total > 0 && rate > 0 {
		fmt.Fprintf(&b, ", %s left", Round(time.Duration(float64(total-done)/rate*float64(time.Second))))
	}
	return b.String() + ": " + counts
}

// Round leaves out of a duration what nobody reads: 3m26s, 1h5m.
func Round(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d >= time.Second:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Millisecond).String()
}
