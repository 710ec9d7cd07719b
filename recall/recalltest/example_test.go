package recalltest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func ExampleFake() {
	var fake recalltest.Fake
	fake.Next(recalltest.Answer{Err: recall.ErrWindowExpired})

	ctx := context.Background()
	_, err := fake.RecallMessage(ctx, recall.Request{MessageID: "1"})
	fmt.Println(errors.Is(err, recall.ErrWindowExpired))

	receipt, err := fake.RecallMessage(ctx, recall.Request{MessageID: "2"})
	fmt.Println(receipt.Outcome, err)

	fmt.Println(len(fake.Calls()), fake.Requests()[1].MessageID)
	// Output:
	// true
	// recalled <nil>
	// 2 2
}

func ExampleFake_For() {
	var fake recalltest.Fake
	fake.For("1", recalltest.Answer{Err: recall.ErrRateLimited}, recalltest.Answer{Outcome: recall.Accepted})

	for range 3 {
		receipt, err := fake.RecallMessage(context.Background(), recall.Request{MessageID: "1"})
		fmt.Println(receipt.Outcome, err)
	}
	// Output:
	//  fake: recall: rate_limited (app fake-app)
	// accepted <nil>
	// accepted <nil>
}
