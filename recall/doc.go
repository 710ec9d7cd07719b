// Package recall is the vocabulary in which an application withdraws
// ("recalls") chat messages through any instant messaging vendor: one
// interface, one set of errors, and one honest answer to the question whether
// the message is gone.
//
// Write the code that recalls against [Provider], and choose the vendor where
// the program starts:
//
//	receipt, err := provider.RecallMessage(ctx, recall.Request{ ... })
//
// What the pair of results says about the message:
//
//	err == nil and receipt.Outcome.Proven()    gone: the vendor's answer proves it
//	err == nil otherwise                       pending: Accepted or AlreadyGone, which are no proof
//	err with MayHaveApplied == true            unknown: a request went out, no answer settled its fate
//	err that is ErrNotFound                    gone already, or a wrong id: done, when a recall is repeated
//	any other err                              refused, or never sent: this call changed nothing
//
// A wave of messages goes through [Each], a few through [Batch]: in the vendor's
// batch calls where there are any, as fast as its quota allows, with a [Result]
// for each message.
//
// Every error of a provider in this module is an [*Error]. Its [Kind] is
// found with errors.Is, and the whole with errors.As:
//
//	if errors.Is(err, recall.ErrWindowExpired) { ... }
//
//	var e *recall.Error
//	if errors.As(err, &e) && e.MayHaveApplied { ... }
//
// An [EventHandler] receives the callbacks (webhooks) of a vendor, and hands on
// each [Event]: a message that was sent, with the [Request] that recalls it, or
// one that is gone, which settles what was pending.
//
// How a client treats the network (time limits, repetitions, quotas, what is
// observed) is its [Policy]; the zero value is fit for production.
//
// The clients are in the packages easemob, netease and goeasy. Package
// recalltest has a fake [Provider] for the tests of an application, and the
// contract of Provider as a suite of tests for those who write one.
//
// This package imports the standard library only, so that code which recalls,
// and its tests, depend on no vendor.
package recall
