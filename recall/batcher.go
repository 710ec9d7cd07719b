package recall

import "context"

// Batcher is implemented by providers whose vendor recalls several messages
// by one call. A batch costs one call of the vendor's quota. [Each] and [Batch]
// look for it by a type assertion, as they do for [Capable]. A wrapper that
// does not pass it on costs speed, never correctness: messages go one by one
// then.
type Batcher interface {
	// BatchKey tells which requests may share a call: those with the same key,
	// at most limit of them. The key covers all that a call shares, such as
	// the conversation. "" means that req goes alone, by RecallMessage.
	BatchKey(req Request) (key string, limit int)

	// RecallMessages recalls the messages of requests that may share a call.
	// There is one result for each request, in order, whatever the order of
	// the vendor's answer; a request that can't be sent has an error in its
	// result and does not keep the others from being sent. The same message
	// given twice is sent once, and has a result for each.
	//
	// An error means that the call failed as a whole, or that the requests may
	// not share one; results is nil then. Its kind decides whether Each looks for
	// the message that is to blame, and its MayHaveApplied is true where any of
	// the messages may be gone. What the contract of Provider says
	// of ctx, concurrency, retention and errors holds here too.
	RecallMessages(ctx context.Context, reqs []Request) ([]Result, error)
}
