// Package easemobtest is an emulator of Easemob's REST API: a real HTTP server on loopback, for tests and
// examples that need neither an account nor a network. With [Server.Dialect] it emulates Agora Chat or
// Shengwang IM, which are the same server under other names.
//
// Tests steer it: the clock with [Server.SetTime] and [Server.Advance], single requests with [Server.Intercept] and the
// faults of [Server.CutAfter] and its like, all requests with [Server.SetLatency] and RateLimit. What came in is in
// [Server.Requests].
//
// It emulates these pages of https://doc.easemob.com/:
//   - document/server-side/message_recall_single.html, message_recall_batch.html
//   - document/server-side/conversation_delete.html
//   - document/server-side/message_delete_roam_single_msgid.html, message_delete_roam_group_room_msgid.html,
//     message_delete_roam_user.html, message_delete_roam_single_time.html,
//     message_delete_roam_group_room_time.html
//   - document/server-side/callback_postsending.html, callback_message_send.html, callback_message_recall.html
//   - document/server-side/account_detail_obtain_batch.html
//   - product/easemob_app_token.html, document/server-side/error.html, product/limitationapi.html
//
// and the retired page of the legacy recall on https://docs-im.easemob.com/.
//
// Emulated:
//   - POST /{org}/{app}/token with grant_type client_credentials; tokens that expire by the emulator's
//     clock (see [Server.SetTime]) or are revoked ([Server.RevokeTokens]);
//   - POST /{org}/{app}/messages/msg_recall with its documented answers: the success envelope, missing
//     parameters, a wrong recipient, the recall window, unknown and already recalled messages, force, and
//     the recall service not being opened;
//   - POST /{org}/{app}/messages/batch_recall: the same for up to 30 messages, each with its own fate;
//   - POST /{org}/{app}/messages/recall, the legacy recall: a 200 with a list of fates;
//   - DELETE /{org}/{app}/users/{username}/user_channel ([Server.ConversationDeleted]);
//   - GET /{org}/{app}/users, which lists none;
//   - the five deletions of roaming messages under /{org}/{app}/rest/message/roaming/ ([Server.DeletedFor]), and
//     the roaming service not being opened;
//   - rate limits, if a test sets them (Server.RateLimit, Server.ConversationLimit): 429 with reach_limit;
//   - callbacks for each message and each recall, signed, posted once more where they are not answered with 200
//     ([Server.SendCallbacks]);
//   - the common errors for a missing, expired, foreign or corrupt token, a wrong org or app, a wrong URL,
//     a wrong method, a wrong Content-Type and a malformed body;
//   - Agora Chat: only msg_recall, user_channel and users, a force that does not reach a stored message past the window,
//     the texts of its documents, and tokens (AccessToken2) whose signature is checked;
//   - Shengwang: paths under /app-id/{app_id}, no legacy recall, answers without organization, application and
//     applicationName, and both kinds of tokens.
//
// Not emulated: plan limits (429 with resource_limited), callbacks before sending and for offline users, a callback
// rule that is suspended after many failures, messages that lapse from the server's storage, command messages (which
// cannot be recalled), users and members of groups (every user exists and is in every group), and Agora's exchange of
// one token for another. sync_device, isNotify and recallMessageExtensionInfo are accepted and have no visible effect;
// a recall leaves what users have lost of the message as it is.
//
// Where the pages leave a choice: force is required, as on the current page (pages of 2024 called it optional). The
// order of the checks is not documented; here it is application, URL, method, rate limit, token, Content-Type, body,
// service, parameters, message; the limit of conversations comes after the parameters. Error bodies are put together
// from the tables of the pages, which print few of them in full; the "exception" key is left out where its value is not
// documented. What the batch answers about messages that it did not recall is not documented; it is the form of the
// legacy recall. More guesses are named where they are made, in the file of each endpoint.
package easemobtest
