// Package goeasytest is an emulator of GoEasy's REST API for instant messaging: a real HTTP server on
// loopback, for tests and examples that need neither an account nor a network.
//
// Tests steer it: the clock with [Server.SetTime] and [Server.Advance], single requests with [Server.Intercept] and the
// faults of [Server.CutAfter] and its like, all requests with [Server.SetLatency] and RateLimit, whose answer is made
// up. What came in is in [Server.Requests].
//
// It emulates these pages:
//   - https://docs.goeasy.io/2.x/im/rest-api/recall
//   - https://www.goeasy.io/cn/docs/goeasy-2.x/im/rest-api/history.html
//   - https://docs.goeasy.io/2.x/common/webhook
//
// Emulated: POST /v2/im/history/recall with the common key or the rest key in the body, for a pair of users
// in either order or for a group, 1 to 20 messages a call, each found by its conversation and its timestamp.
// A timestamp that belongs to no message, or to one that is recalled already, is passed over in silence: the
// page knows no answer about a single message. GET /v2/im/history for one conversation: ids, timestamps and senders.
//
// The webhook is what [Server.SendCallbacks] turns on. Its page leaves the format of a message to another one, which was
// not to be found: here a message is what the pages of the client show.
//
// Not emulated: sending and presence, what messages say, and what clients see of a recall; recaller shows in callbacks
// only. No recall window is enforced, because none is documented for REST: the limit of 4 hours is on the page of the
// client SDK only.
//
// The page prints two answers, OK and Unauthorized. That refusals carry their code as HTTP status too, and
// the text "Parameter Error" of code 400, come from GoEasy's own Java SDK. What a wrong request is answered
// with is not documented beyond that; here it is always that code 400. Of two messages of one conversation
// with the same timestamp, both are recalled.
package goeasytest
