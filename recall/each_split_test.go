package recall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// blame is a vendor that refuses a whole call for one of its messages, which it
// does not name.
func blame(culprits ...string) func([]recall.Request) error {
	return func(reqs []recall.Request) error {
		for _, req := range reqs {
			if slices.Contains(culprits, req.MessageID) {
				return &recall.Error{Kind: recall.ErrInvalidRequest, Code: "400", Message: "Parameter Error"}
			}
		}
		return nil
	}
}

// refusing returns a Batcher of 20 whose calls fail with what refuse says.
func refusing(refuse func([]recall.Request) error) *batcher {
	return &batcher{
		limit: 20,
		one: func(_ context.Context, req recall.Request) (recall.Receipt, error) {
			if err := refuse([]recall.Request{req}); err != nil {
				return recall.Receipt{}, err
			}
			return succeed(req)
		},
		many: func(_ context.Context, reqs []recall.Request) ([]recall.Result, error) {
			if err := refuse(reqs); err != nil {
				return nil, err
			}
			return yesToAll(reqs), nil
		},
	}
}

// A batch that fails as a whole is not blamed on every message: the one that
// is to blame stands alone in the end.
func TestEachFindsTheCulprit(t *testing.T) {
	for name, culprits := range map[string][]string{
		"first": {"0"}, "middle": {"13"}, "last": {"19"}, "three": {"3", "4", "17"},
	} {
		b := refusing(blame(culprits...))
		for i, r := range atOnce(t, b, requests(20)) {
			if slices.Contains(culprits, strconv.Itoa(i)) {
				e := failure(t, r)
				assert.Equal(t, "Parameter Error", e.Message)
				assert.False(t, e.MayHaveApplied)
				continue
			}
			require.NoError(t, r.Err, "%s: %d", name, i)
			assert.Equal(t, strconv.Itoa(i), r.Receipt.MessageID)
		}
		assert.LessOrEqual(t, len(b.sizes), 1+2*5*len(culprits), name)
	}
}

// Splitting ends, and takes no more than twice as many calls as there are
// messages.
func TestEachSplitsABatchThatIsAllWrong(t *testing.T) {
	for _, kind := range []recall.Kind{
		recall.ErrInvalidRequest, recall.ErrUnsupported, recall.ErrForbidden, recall.ErrWindowExpired,
		recall.ErrNotFound, recall.ErrBadResponse,
	} {
		b := refusing(func([]recall.Request) error { return &recall.Error{Kind: kind} })
		for _, r := range atOnce(t, b, requests(20)) {
			assert.Equal(t, kind, failure(t, r).Kind)
		}
		assert.Len(t, b.sizes, 39)
	}
}

// What says nothing about a message is not split, and each has an error of its
// own.
func TestEachDoesNotSplit(t *testing.T) {
	for _, kind := range []recall.Kind{
		recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrNotEnabled, recall.ErrRateLimited,
		recall.ErrPlanExhausted, recall.ErrUnavailable, recall.ErrCanceled, "a kind to come",
	} {
		for _, open := range []bool{false, true} {
			for _, wrap := range []bool{false, true} {
				b := refusing(func([]recall.Request) error {
					var err error = &recall.Error{Kind: kind, Code: "c", MayHaveApplied: open, Err: errBoom}
					if wrap {
						err = fmt.Errorf("router: %w", err)
					}
					return err
				})
				seen := map[*recall.Error]bool{}
				for _, r := range atOnce(t, b, requests(20)) {
					e := failure(t, r)
					assert.Equal(t, recall.Error{Kind: kind, Code: "c", MayHaveApplied: open, Err: errBoom}, *e)
					assert.ErrorIs(t, r.Err, kind)
					assert.ErrorIs(t, r.Err, errBoom)
					if wrap {
						assert.ErrorContains(t, r.Err, "router: ")
					}
					seen[e] = true
				}
				assert.Len(t, seen, 20, "no two share an error")
				assert.Equal(t, []int{20}, b.sizes)
			}
		}
	}
	b := refusing(func([]recall.Request) error { return errBoom })
	for _, r := range atOnce(t, b, requests(20)) {
		assert.Equal(t, errBoom, r.Err, "not ours to explain")
	}
	assert.Equal(t, []int{20}, b.sizes)
}

// A call that may have been applied leaves every message's fate open, until a
// later answer settles it.
func TestEachAfterACallThatMayHaveBeenApplied(t *testing.T) {
	answers := map[string]error{
		"1": &recall.Error{Kind: recall.ErrNotFound, Vendor: "acme", App: "app", Code: "404", Attempts: 2, TraceID: "t"},
		"2": &recall.Error{Kind: recall.ErrForbidden},
		"3": fmt.Errorf("router: %w", &recall.Error{Kind: recall.ErrUnavailable}),
		"4": errBoom,
	}
	for kind, notFound := range map[recall.Kind]bool{recall.ErrBadResponse: false, recall.ErrNotFound: true} {
		b := refusing(func(reqs []recall.Request) error {
			if len(reqs) > 1 {
				return &recall.Error{Kind: kind, MayHaveApplied: true}
			}
			return answers[reqs[0].MessageID]
		})
		results := atOnce(t, b, requests(5))
		require.NoError(t, results[0].Err)
		assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
		if notFound { // the call that failed may have meant this message
			assert.True(t, failure(t, results[1]).MayHaveApplied)
			assert.ErrorIs(t, results[1].Err, recall.ErrNotFound)
		} else {
			require.NoError(t, results[1].Err)
			receipt := results[1].Receipt
			assert.False(t, receipt.At.IsZero())
			receipt.At = time.Time{}
			assert.Equal(t, recall.Receipt{
				Vendor: "acme", App: "app", MessageID: "1", Outcome: recall.AlreadyGone, Code: "404", Attempts: 2, TraceID: "t",
			}, receipt)
		}
		assert.True(t, failure(t, results[2]).MayHaveApplied)
		assert.True(t, failure(t, results[3]).MayHaveApplied)
		assert.ErrorContains(t, results[3].Err, "router: ")
		assert.Equal(t, errBoom, results[4].Err)
	}
	for _, err := range answers {
		var e *recall.Error
		if errors.As(err, &e) {
			assert.False(t, e.MayHaveApplied, "the provider's own error is left alone")
		}
	}
}

// A part that answers for each of its messages does so in the same light.
func TestEachAfterAPartThatAnswersForEach(t *testing.T) {
	b := &batcher{limit: 20}
	shared := &recall.Error{Kind: recall.ErrNotFound}
	b.many = func(_ context.Context, reqs []recall.Request) ([]recall.Result, error) {
		if len(reqs) == 20 {
			return nil, &recall.Error{Kind: recall.ErrBadResponse, MayHaveApplied: true}
		}
		results := yesToAll(reqs)
		results[0] = recall.Result{Err: shared, Receipt: recall.Receipt{Vendor: "not zero"}}
		results[1] = recall.Result{Err: &recall.Error{Kind: recall.ErrWindowExpired}}
		return results, nil
	}
	results := atOnce(t, b, requests(20))
	assert.Equal(t, []int{20, 10, 10}, b.sizes)
	for i, r := range results {
		switch i % 10 {
		case 0:
			assert.Equal(t, recall.AlreadyGone, r.Receipt.Outcome)
		case 1:
			assert.True(t, failure(t, r).MayHaveApplied)
		default:
			assert.Equal(t, recall.Recalled, r.Receipt.Outcome)
		}
	}
	b.many = func(_ context.Context, reqs []recall.Request) ([]recall.Result, error) {
		results := make([]recall.Result, len(reqs))
		for i := range results {
			results[i] = recall.Result{Err: shared, Receipt: recall.Receipt{Vendor: "not zero"}}
		}
		return results, nil
	}
	seen := map[*recall.Error]bool{shared: true}
	for _, r := range atOnce(t, b, requests(20)) {
		seen[failure(t, r)] = true
	}
	assert.Len(t, seen, 21, "no two share an error")
}

func TestEachWithABatcherThatMiscounts(t *testing.T) {
	for _, n := range []int{0, 19, 21} {
		b := &batcher{limit: 20, many: func(context.Context, []recall.Request) ([]recall.Result, error) {
			return make([]recall.Result, n), nil
		}}
		for _, r := range atOnce(t, b, requests(20)) {
			e := failure(t, r)
			assert.Equal(t, recall.ErrBadResponse, e.Kind)
			assert.True(t, e.MayHaveApplied)
		}
		assert.Equal(t, []int{20}, b.sizes)
	}
}

// Nothing is split any more once the loop is left, or ctx has ended: the parts
// were not sent again.
func TestEachDoesNotSplitAfterTheEnd(t *testing.T) {
	for _, cancels := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var calls atomic.Int32
			b := &batcher{limit: 20, many: func(context.Context, []recall.Request) ([]recall.Result, error) {
				calls.Add(1)
				<-time.After(time.Minute)
				return nil, &recall.Error{Kind: recall.ErrNotFound, MayHaveApplied: true}
			}}
			reqs := append(requests(20), recall.Request{MessageID: "alone", To: "b"})
			var got []recall.Result
			for r := range recall.Each(ctx, b, slices.Values(reqs), recall.EachOptions{Late: func(r recall.Result) { got = append(got, r) }}) {
				if cancels {
					cancel()
				} else {
					break
				}
				if r.Request.MessageID != "alone" {
					got = append(got, r)
				}
			}
			assert.EqualValues(t, 1, calls.Load())
			require.Len(t, got, 20)
			for _, r := range got {
				e := failure(t, r)
				assert.Equal(t, recall.ErrCanceled, e.Kind)
				assert.True(t, e.MayHaveApplied)
				assert.ErrorContains(t, e, "not_found")
				assert.NotErrorIs(t, e, recall.ErrNotFound, "nobody knows that of this message")
			}
		})
	}
}
