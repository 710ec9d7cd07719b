package easemob

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// fetcher is a token endpoint: its n-th request, from 1, brings the token "tn".
type fetcher struct {
	life time.Duration // of each token, 0 where it is not known
	fail error         // what requests fail with, if not nil
	hold chan struct{} // if not nil, requests wait until it is closed or their ctx ends
	n    atomic.Int32
}

func (f *fetcher) fetch(ctx context.Context) (Token, error) {
	token := Token{Value: "t" + strconv.Itoa(int(f.n.Add(1)))}
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
	}
	if f.fail != nil {
		return Token{}, f.fail
	}
	if f.life > 0 {
		token.Expires = time.Now().Add(f.life)
	}
	return token, nil
}

func (f *fetcher) count() int { return int(f.n.Load()) }

// assertToken asserts that the cache gives the token of that name at once, or after a request at most.
func assertToken(t *testing.T, want string, c *tokenCache, stale string) {
	t.Helper()
	token, err := c.Token(t.Context(), stale)
	require.NoError(t, err)
	assert.Equal(t, want, token.Value)
}

// asked is the answer to a question that waits in a goroutine.
type asked struct {
	token Token
	err   error
}

// ask asks for a token in a goroutine.
func ask(ctx context.Context, c *tokenCache, stale string) chan asked {
	answer := make(chan asked, 1)
	go func() {
		token, err := c.Token(ctx, stale)
		answer <- asked{token, err}
	}()
	synctest.Wait()
	return answer
}

func TestOneRequestForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{hold: make(chan struct{})}
		c := newTokenCache(f.fetch)
		var answers []chan asked
		for range 100 {
			answers = append(answers, ask(t.Context(), c, ""))
		}
		assert.Equal(t, 1, f.count())
		close(f.hold)
		for _, answer := range answers {
			got := <-answer
			require.NoError(t, got.err)
			assert.Equal(t, "t1", got.token.Value)
		}
		assertToken(t, "t1", c, "")
		assert.Equal(t, 1, f.count())
	})
}

func TestOneFailureForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{hold: make(chan struct{}), fail: errors.New("no token")}
		c := newTokenCache(f.fetch)
		first, second := ask(t.Context(), c, ""), ask(t.Context(), c, "")
		close(f.hold)
		assert.Equal(t, f.fail, (<-first).err)
		assert.Equal(t, f.fail, (<-second).err)
		assert.Equal(t, 1, f.count())
	})
}

// TestWaitersObeyTheirOwnContext: the one who caused the request goes, and neither the request nor those who
// wait for it go along.
func TestWaitersObeyTheirOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{hold: make(chan struct{})}
		c := newTokenCache(f.fetch)
		ctx, cancel := context.WithCancel(t.Context())
		first := ask(ctx, c, "")
		deadline, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		second := ask(deadline, c, "")
		third := ask(t.Context(), c, "")

		cancel()
		require.ErrorIs(t, (<-first).err, context.Canceled)
		advance(time.Second)
		require.ErrorIs(t, (<-second).err, context.DeadlineExceeded)
		assert.Empty(t, third)
		close(f.hold)
		assert.Equal(t, "t1", (<-third).token.Value)
		assert.Equal(t, 1, f.count())
	})
}

func TestRefreshAtHalfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{life: time.Hour}
		c := newTokenCache(f.fetch)
		assertToken(t, "t1", c, "")
		advance(30 * time.Minute)
		assertToken(t, "t1", c, "")
		synctest.Wait()
		assert.Equal(t, 1, f.count(), "half of its life is not over yet")

		advance(time.Second)
		f.hold = make(chan struct{})
		for range 100 {
			assertToken(t, "t1", c, "")
			synctest.Wait()
		}
		assert.Equal(t, 2, f.count(), "the old token serves while one request is under way")
		close(f.hold)
		synctest.Wait()
		assertToken(t, "t2", c, "")
		advance(30 * time.Minute)
		assertToken(t, "t2", c, "")
		synctest.Wait()
		assert.Equal(t, 2, f.count())
	})
}

func TestExpiredTokenWaits(t *testing.T) {
	for name, test := range map[string]struct {
		life, age time.Duration
		waits     bool
	}{
		"just before":                 {time.Hour, time.Hour - 11*time.Second, false},
		"too late for a call":         {time.Hour, time.Hour - 10*time.Second, true},
		"over":                        {time.Hour, time.Hour, true},
		"long over":                   {time.Hour, 30 * 24 * time.Hour, true},
		"short life, just before":     {10 * time.Second, 8 * time.Second, false},
		"short life, too late":        {10 * time.Second, 9 * time.Second, true},
		"not known":                   {0, 100 * 365 * 24 * time.Hour, false},
		"longest life, first half":    {longestLife, longestLife / 2, false},
		"longest life, after its end": {longestLife, longestLife, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fetcher{life: test.life}
				c := newTokenCache(f.fetch)
				assertToken(t, "t1", c, "")
				f.hold = make(chan struct{})
				advance(test.age)
				answer := ask(t.Context(), c, "")
				assert.Equal(t, test.waits, len(answer) == 0)
				close(f.hold)
				want := "t1"
				if test.waits {
					want = "t2"
				}
				assert.Equal(t, want, (<-answer).token.Value)
			})
		})
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{}
		c := newTokenCache(f.fetch)
		assertToken(t, "t1", c, "")
		f.hold = make(chan struct{})
		var answers []chan asked
		for range 10 {
			answers = append(answers, ask(t.Context(), c, "t1"))
		}
		close(f.hold)
		for _, answer := range answers {
			assert.Equal(t, "t2", (<-answer).token.Value)
		}
		assertToken(t, "t2", c, "t1") // a late refusal of the old one does not drop the new one
		assertToken(t, "t2", c, "")
		assert.Equal(t, 2, f.count())
	})
}

// TestFailuresArePaused: three failures in a row cost nothing, and from the fourth on the endpoint is left
// alone for longer and longer.
func TestFailuresArePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{fail: errors.New("no token")}
		c := newTokenCache(f.fetch)
		fails := func(want int) {
			t.Helper()
			for range 20 {
				_, err := c.Token(t.Context(), "")
				assert.Equal(t, f.fail, err)
			}
			assert.Equal(t, want, f.count())
		}
		fails(4)
		n := 4
		for _, seconds := range []time.Duration{1, 2, 4, 8, 16, 32, 32, 32} {
			advance(seconds*time.Second - time.Nanosecond)
			fails(n)
			advance(time.Nanosecond)
			n++
			fails(n)
		}

		f.fail = nil
		advance(32 * time.Second)
		assertToken(t, "t"+strconv.Itoa(n+1), c, "")
		c.token = Token{} // what follows is a new row of failures
		f.fail = errors.New("no token again")
		fails(n + 1 + 4)
	})
}

func TestFailedRefreshLeavesTheOldTokenInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{life: time.Hour}
		c := newTokenCache(f.fetch)
		assertToken(t, "t1", c, "")
		f.fail = errors.New("no token")
		advance(31 * time.Minute)
		for range 60 { // a minute of one call a second
			assertToken(t, "t1", c, "")
			advance(time.Second)
		}
		assert.Equal(t, 1+4+5, f.count(), "four that cost nothing, then after 1, 2, 4, 8 and 16 seconds")
		advance(30 * time.Minute)
		_, err := c.Token(t.Context(), "")
		assert.Equal(t, f.fail, err)
		f.fail = nil
		advance(time.Minute)
		assertToken(t, "t12", c, "")
	})
}

// TestNewTokensThatAreRefused: a vendor that refuses every token is not asked for ever more of them.
func TestNewTokensThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{}
		c := newTokenCache(f.fetch)
		current := ""
		refuse := func(times int) {
			t.Helper()
			for range times {
				token, err := c.Token(t.Context(), current)
				require.NoError(t, err)
				current = token.Value
			}
		}
		refuse(100)
		assert.Equal(t, 5, f.count(), "the first, and four that replaced one")
		advance(time.Second)
		refuse(100)
		assert.Equal(t, 6, f.count())
		advance(time.Second)
		refuse(100)
		assert.Equal(t, 6, f.count(), "the pause is 2 seconds now")

		advance(time.Hour) // an old token that is refused is nothing unusual
		refuse(1)
		assert.Equal(t, 7, f.count())
		refuse(1)
		assert.Equal(t, 8, f.count())
	})
}

// TestShortLivesAreNoRefusals: that tokens live for seconds only is the vendor's choice, and no reason to
// leave it alone.
func TestShortLivesAreNoRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{life: 2 * time.Second}
		c := newTokenCache(f.fetch)
		for n := range 20 {
			assertToken(t, "t"+strconv.Itoa(n+1), c, "")
			advance(2 * time.Second)
		}
	})
}

func TestCloseEndsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{hold: make(chan struct{})}
		c := newTokenCache(f.fetch)
		answer := ask(t.Context(), c, "")
		c.close()
		err := (<-answer).err
		require.ErrorIs(t, err, recall.ErrUnavailable)
		require.NotErrorIs(t, err, context.Canceled, "the caller's ctx has not ended")
		_, err = c.Token(t.Context(), "")
		require.ErrorContains(t, err, "closed", "and no other request begins")
		c.close()
	})
}
