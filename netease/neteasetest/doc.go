// Package neteasetest is an emulator of NetEase Yunxin's (CommsEase's) server API, version 1: a real HTTP
// server on loopback, for tests and examples that need neither an account nor a network. The API's base
// URL is the server's URL plus "/nimserver".
//
// It emulates these pages:
//   - https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg ("Unsend Messages")
//   - https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server (the same in Chinese)
//   - https://doc.commsease.com/en/messaging/server-apis/TM5NTk2Mzc?platform=server (status codes)
//
// Emulated:
//   - POST /nimserver/msg/recall.action for one-to-one (type 7) and team (type 8) messages: parameter
//     errors, the recall window and ignoreTime, the sender who is no longer in the team, and the answer 200
//     to whatever matches no message;
//   - the authentication headers AppKey, Nonce, CurTime (within 5 minutes of the emulator's clock) and
//     CheckSum;
//   - code 431 to a RequestId header that was seen before;
//   - business errors under HTTP status 200.
//
// Not emulated: one-way recall, super-teams, chat rooms, every other endpoint of version 1, the whole of
// version 2, rate limits (416), regions and IP restrictions, content moderation, message copy, the texts and
// push options of a recall, which are checked for length and have no visible effect.
//
// The pages print few bodies in full. The constants in this package's errors.go say which bodies are
// known, and which are made up from the table of status codes. How long the server remembers a RequestId is
// not documented; here it never forgets one. A message whose server time is not the given timetag is taken
// for another message, which is not documented either. Messages older than 30 days can't be recalled.
//
// CurTime is checked against the emulator's clock: a client that signs with the real time is refused
// after [Server.SetTime] or [Server.Advance] by more than 5 minutes. To test an old message, add it with a
// SentAt in the past.
package neteasetest
