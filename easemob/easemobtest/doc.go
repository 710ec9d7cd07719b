// Package easemobtest is an emulator of Easemob's REST API: a real HTTP server on loopback, for tests and
// examples that need neither an account nor a network.
//
// It emulates these pages:
//   - https://doc.easemob.com/document/server-side/message_recall_single.html
//   - https://doc.easemob.com/product/easemob_app_token.html
//   - https://doc.easemob.com/document/server-side/error.html
//
// Emulated:
//   - POST /{org}/{app}/token with grant_type client_credentials; tokens that expire by the emulator's
//     clock (see [Server.SetTime]) or are revoked ([Server.RevokeTokens]);
//   - POST /{org}/{app}/messages/msg_recall with its documented answers: the success envelope, missing
//     parameters, a wrong recipient, the recall window, unknown and already recalled messages, force, and
//     the recall service not being opened;
//   - the common errors for a missing, expired, foreign or corrupt token, a wrong org or app, a wrong URL,
//     a wrong method, a wrong Content-Type and a malformed body.
//
// Not emulated: batch recall, the older /messages/recall, the deletion of conversations and of roaming
// messages, rate and plan limits (429), callbacks, messages that lapse from the server's storage, command
// messages (which cannot be recalled), and the dialects of Agora Chat and Shengwang. sync_device and
// recallMessageExtensionInfo are accepted and have no visible effect.
//
// Where the pages leave a choice: force is required, as on the current page (pages of 2024 called it
// optional). The order of the checks is not documented; here it is application, URL, method, token,
// Content-Type, body, service, parameters, message. Error bodies are put together from the tables of the pages,
// which print few of them in full; the "exception" key is left out where its value is not documented.
package easemobtest
