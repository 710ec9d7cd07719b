package recalltest_test

import (
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// fakeIn scripts a fake for a situation.
func fakeIn(s recalltest.Situation) (*recalltest.Fake, recalltest.Harness) {
	fake := &recalltest.Fake{As: recall.Capabilities{
		Vendor: "fake", Chats: []recall.ChatType{recall.ChatDirect, recall.ChatRoom},
		Needs: []string{"MessageID", "Chat", "To"}, NeedsDirect: []string{"SentAt"}, NeedsRoom: []string{"Operator"},
		Batch: 5, Force: true, Success: recall.Recalled, ForcedSuccess: recall.Accepted,
	}}
	h := recalltest.Harness{Provider: fake, Messages: s.Messages(), Sent: func() int { return len(fake.Calls()) }, Secrets: []string{"hunter2"}}
	for i, m := range h.Messages {
		if s.Knows(i) {
			fake.For(m.MessageID, recalltest.Answer{}, recalltest.Answer{Err: recall.ErrNotFound})
		} else {
			fake.For(m.MessageID, recalltest.Answer{Err: recall.ErrNotFound})
		}
	}
	all := func(answer recalltest.Answer) {
		fake.Default = answer
		for _, m := range h.Messages {
			fake.For(m.MessageID)
		}
	}
	switch s {
	case recalltest.WrongCredentials:
		all(recalltest.Answer{Err: recall.ErrUnauthorized})
	case recalltest.RateLimited:
		all(recalltest.Answer{Err: recall.ErrRateLimited})
	case recalltest.Garbage:
		all(recalltest.Answer{Err: &recall.Error{Kind: recall.ErrBadResponse, MayHaveApplied: true}})
	case recalltest.Slow:
		all(recalltest.Answer{Err: &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}})
	case recalltest.Silent:
		all(recalltest.Answer{Latency: recalltest.Forever})
	case recalltest.WindowExpired:
		all(recalltest.Answer{Err: recall.ErrWindowExpired})
	}
	return fake, h
}

func TestFakeConforms(t *testing.T) {
	recalltest.TestProvider(t, func(_ *testing.T, s recalltest.Situation) recalltest.Harness {
		_, h := fakeIn(s)
		return h
	})
}

func TestWrapperConforms(t *testing.T) {
	recalltest.TestProvider(t, func(_ *testing.T, s recalltest.Situation) recalltest.Harness {
		fake, h := fakeIn(s)
		h.Provider = recall.ProviderFunc(fake.RecallMessage)
		return h
	})
}
