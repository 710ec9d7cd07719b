// Package neteasetest is an emulator of both versions of NetEase Yunxin's (CommsEase's) server API: a real HTTP
// server on loopback, for tests and examples that need neither an account nor a network. [Server.BaseURL] is the base URL
// of version 1, [Server.BaseURLV2] that of version 2.
//
// Tests steer it: the clock with [Server.SetTime] and [Server.Advance], single requests with [Server.Intercept] and the
// faults of [Server.CutAfter] and its like, all requests with [Server.SetLatency] and RateLimit. What came in is in
// [Server.Requests].
//
// It emulates these pages:
//   - https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg ("Unsend Messages", recall and one-way recall), and
//     https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server (the same in Chinese)
//   - https://doc.commsease.com/en/messaging/server-apis/Dg5OTcwMDk?platform=server (delete a message)
//   - https://doc.commsease.com/en/messaging/server-apis/DY3MTM3MjQ?platform=server (delete roaming messages)
//   - https://doc.yunxin.163.com/messaging/docs/DE3NDM4NTc?platform=server (recall in a super-team)
//   - https://doc.commsease.com/en/messaging/docs/jM2MTE5NzE?platform=server (recall in a chat room)
//   - https://doc.commsease.com/en/messaging/server-apis/Dg1NDYxNTM?platform=server (delete a broadcast)
//   - https://doc.yunxin.163.com/messaging/server-apis/zI0NzYyMDQ?platform=server (accounts' profiles)
//   - https://doc.yunxin.163.com/messaging2/server-apis/jAwNTEzODQ?platform=server (version 2: recall, delete)
//   - https://yunxin-im.apifox.cn/api-147175988 (version 2: accounts)
//   - https://doc.yunxin.163.com/messaging/server-apis/DI3OTg5Mjg?platform=server (message copy: messages)
//   - https://doc.yunxin.163.com/messaging/guide/TcxNzU4NzU?platform=server (message copy: chat rooms, recalls)
//   - https://doc.commsease.com/en/messaging/server-apis/TM5NTk2Mzc?platform=server (status codes)
//
// Emulated, of version 1 (POST /nimserver/...):
//   - msg/recall.action for one-to-one (type 7) and team (type 8) messages: parameter errors, the recall window and
//     ignoreTime, the sender who is no longer in the team, and the answer 200 to whatever matches no message;
//   - msg/delMsgOneWay.action (types 13 and 14), which the window does not bind, up to 30 days back, and which
//     reaches the messages of former members;
//   - msg/delMsg.action and msg/delRoamSession.action (types 1, 2 and 3);
//   - superteam/recallMsg.action with the window and ignoreTime, chatroom/recall.action;
//   - history/delBroadcastMsgById.action;
//   - user/getUinfos.action, of which every account exists.
//
// Of version 2 (DELETE /im/v2/conversations/{conversation_id}/messages/{message_server_id}, with and without
// /nimserver before it):
//   - one-way recall, two-way recall and deletion; parameters in the query only; 107404 to whatever matches no
//     message, 108404 to a team that does not exist, 107314 outside the window;
//   - the flag that lifts the window, in both spellings, and check_team_member_valid;
//   - GET /im/v2/accounts, of which every account exists.
//
// Of both:
//   - the authentication headers AppKey, Nonce, CurTime (within 5 minutes of the emulator's clock) and CheckSum;
//   - code 431 to an id of a request (RequestId, X-custom-traceid) that was seen before;
//   - rate limits, if a test sets them (Server.RateLimit, Server.DeleteLimit): code 416, and an API that stays closed
//     for 10 seconds;
//   - business errors under HTTP status 200.
//
// Message copy (抄送) of messages and recalls goes to where [Server.SendCallbacks] says.
//
// Not emulated: every other endpoint, among them version 2's for chat rooms, conversations and broadcasts; regions and
// IP restrictions, content moderation; the texts and push options of a recall, which are checked for length where there
// is a limit and have no visible effect; who may recall in a chat room.
//
// The pages print few bodies in full. The constants in this package's errors.go say which bodies are known, and which
// are made up from the tables of codes. Where the pages are silent, this emulator decides: it remembers the last
// 100,000 ids of requests, those of refused ones too; it takes a message whose server time is not the given timetag for
// another message; it recalls nothing older than 30 days, with one exception, chat rooms, which have no window;
// whatever has been recalled or deleted in any way matches no further call; calls of version 1 that match nothing are
// answered 200, as is documented for msg/recall.action alone; and super-teams have members that can leave in version 2
// only.
//
// CurTime is checked against the emulator's clock: a client that signs with the real time is refused
// after [Server.SetTime] or [Server.Advance] by more than 5 minutes. To test an old message, add it with a
// SentAt in the past.
package neteasetest
