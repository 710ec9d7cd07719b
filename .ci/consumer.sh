#!/usr/bin/env bash
# Uses the library as others do: from a module of its own, which imports every public package and fakes recall.Provider
# in a test. That module has to need nothing but this library, resty and golang.org/x.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOWORK=off
cd "$work"

cat >go.mod <<MOD
module example.com/consumer

go 1.26.0

require github.com/imrecall/imrecall v0.0.0

replace github.com/imrecall/imrecall => $checkout
MOD

cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// providers connects to all three vendors; New sends nothing.
func providers() ([]recall.Provider, error) {
	e, err := easemob.New(easemob.Config{Host: easemob.HostChina1, Org: "org", App: "app", Token: "token"})
	n, err2 := netease.New(netease.Config{Host: "https://im.example.com", AppKey: "key", AppSecret: "secret"})
	g, err3 := goeasy.New(goeasy.Config{Host: "https://im.example.com", AppKey: "BC-key"})
	return []recall.Provider{e, n, g}, errors.Join(err, err2, err3)
}

// withdraw is what the test fakes a provider for.
func withdraw(ctx context.Context, p recall.Provider, req recall.Request) (string, error) {
	receipt, err := p.RecallMessage(ctx, req)
	if errors.Is(err, recall.ErrWindowExpired) {
		return "too late", nil
	}
	return string(receipt.Outcome), err
}

func main() {
	all, err := providers()
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0)) // over: nothing is sent
	defer cancel()
	for _, p := range all {
		_, err := withdraw(ctx, p, recall.Request{
			MessageID: "1", Chat: recall.ChatDirect, From: "a", To: "b", SentAt: time.UnixMilli(1700000000000),
		})
		fmt.Println(p.(recall.Capable).Capabilities().Vendor, errors.Is(err, recall.ErrCanceled))
	}
}
GO

cat >main_test.go <<'GO'
package main

import (
	"context"
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestWithdrawWithFake(t *testing.T) {
	var fake recalltest.Fake
	fake.Next(recalltest.Answer{Outcome: recall.Accepted})
	got, err := withdraw(t.Context(), &fake, recall.Request{MessageID: "1"})
	if err != nil || got != "accepted" || len(fake.Calls()) != 1 {
		t.Errorf("got %q, %v, %d calls", got, err, len(fake.Calls()))
	}
}

// A provider of the consumer's own is checked as those of the library are.
func TestConforms(t *testing.T) {
	recalltest.TestProvider(t, func(_ *testing.T, s recalltest.Situation) recalltest.Harness {
		if s != recalltest.Healthy {
			return recalltest.Harness{Skip: "not staged here"}
		}
		var fake recalltest.Fake
		messages := s.Messages()
		for _, m := range messages {
			fake.For(m.MessageID, recalltest.Answer{}, recalltest.Answer{Err: recall.ErrNotFound})
		}
		return recalltest.Harness{Provider: &fake, Messages: messages, Sent: func() int { return len(fake.Calls()) }}
	})
}

func TestWithdraw(t *testing.T) {
	for want, err := range map[string]error{
		"recalled": nil,
		"too late": &recall.Error{Kind: recall.ErrWindowExpired, Vendor: "fake"},
	} {
		fake := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
			if err != nil {
				return recall.Receipt{}, err
			}
			return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
		})
		got, err := withdraw(t.Context(), fake, recall.Request{MessageID: "1"})
		if err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}
GO

go mod tidy
go vet ./...
go test ./...
go run . | tee output
diff output - <<<$'easemob true\nnetease true\ngoeasy true'

"$here/deps.sh" .
required=$(awk '/^require \(/ { block = 1; next } /^\)/ { block = 0 } block { print $1 } /^require [^(]/ { print $2 }' go.mod)
if strangers=$(grep -vE '^(github\.com/imrecall/imrecall|github\.com/go-resty/resty/v2|golang\.org/x/[^/]+)$' <<<"$required"); then
  echo "FAIL: its go.mod requires more:"
  echo "$strangers"
  exit 1
fi
echo "go.mod requires:" $required
