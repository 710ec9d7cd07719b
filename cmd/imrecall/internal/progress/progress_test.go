package progress

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLine(t *testing.T) {
	assert.Equal(t, "500 of 20000 (2 %), 50/s, 6m30s left: 500 recalled", Line(500, 20_000, 10*time.Second, "500 recalled"))
	assert.Equal(t, "500, 50/s: 500 recalled", Line(500, -1, 10*time.Second, "500 recalled"))
	assert.Equal(t, "0 of 5 (0 %), 0/s: 0 messages", Line(0, 5, time.Second, "0 messages"))
}

func TestRound(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1500 * time.Microsecond: "2ms", 1400 * time.Millisecond: "1s", 206 * time.Second: "3m26s",
		3*time.Hour + 5*time.Minute + 20*time.Second: "3h5m", 0: "0s",
	} {
		assert.Equal(t, want, Round(d))
	}
}

func TestLinesComeNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := Lines(&out, 100, 10*time.Second, time.Now)
		for i := 1; i <= 25; i++ {
			<-time.After(time.Second)
			p.Show(i, "so far")
		}
		p.Print("text")
		p.Close()
		assert.Equal(t, "10 of 100 (10 %), 1/s, 1m30s left: so far\n20 of 100 (20 %), 1/s, 1m20s left: so far\ntext\n", out.String())
	})
}

func TestBarShowsRateAndCountsAndStaysInItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, total := range []int{1000, -1} {
			var out bytes.Buffer
			p := Bar(&out, total, 120)
			for i := 1; i <= 20; i++ {
				<-time.After(time.Second)
				p.Show(i*10, "200 recalled, 30 not found")
			}
			p.Print("line 7: bad")
			p.Show(210, strings.Repeat("many ", 100))
			p.Close()
			text := out.String()
			assert.Contains(t, text, "10 msg/s")
			assert.Contains(t, text, "200 recalled, 30 not found")
			assert.Contains(t, text, "line 7: bad\n")
			assert.NotContains(t, text, "\x1b[3", "no colours")
			assert.Equal(t, 1, strings.Count(text, "\n"))
			if total > 0 {
				assert.Contains(t, text, "200/1000")
				assert.Contains(t, text, "1m20s")
			}
			for _, drawn := range strings.Split(text, "\r") {
				assert.LessOrEqual(t, len(strings.TrimRight(drawn, " ")), 120, drawn)
			}
		}
	})
}

func TestCountsHaveRoomOnAnOrdinaryTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := Bar(&out, 2_000_000, 80)
		for i := 1; i <= 200; i++ {
			<-time.After(time.Minute)
			p.Show(i*10_000, "1900000 recalled, 99 not found, 12345 refused")
		}
		p.Close()
		assert.Contains(t, out.String(), "1900000 recalled, 99")
		for _, drawn := range strings.Split(out.String(), "\r") {
			assert.LessOrEqual(t, len(strings.TrimRight(drawn, " ")), 80, drawn)
		}
	})
}

func TestNarrowestBarStaysInItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := Bar(&out, 2_000_000, Narrowest)
		for i := 1; i <= 200; i++ {
			<-time.After(10 * time.Minute)
			p.Show(i*10_000, "1900000 recalled")
		}
		p.Close()
		assert.NotContains(t, out.String(), "recalled")
		for _, drawn := range strings.Split(out.String(), "\r") {
			assert.LessOrEqual(t, len(strings.TrimRight(drawn, " ")), Narrowest, drawn)
		}
	})
}
