// Package recalltest helps to test code that recalls messages, and code that
// implements [recall.Provider].
//
// [Fake] is a provider for the tests of an application. Its zero value says yes
// to everything; tests script the rest:
//
//	var fake recalltest.Fake
//	fake.Next(recalltest.Answer{Err: recall.ErrWindowExpired})
//	handler := NewHandler(&fake) // the code under test
//	... call it, and then look at fake.Calls()
//
// [TestProvider] is the contract of recall.Provider as a suite of tests, for
// those who write a provider or wrap one. They give it a [Harness], which
// stages situations such as a wrong key or a vendor that does not answer.
//
// The package imports testing, so it belongs in tests alone.
package recalltest
