package neteasetest

// Bodies that are known to the letter, from NetEase's pages and from reports of real answers. Their order
// of keys and their spaces vary, as here. The page of this API prints the body for an empty deleteMsgid
// with a comma missing; a real server sends valid JSON.
const (
	success         = `{"code":200}`
	badAppKey       = `{"desc":"appkey","code":414}`
	badCheckSum     = `{"desc":"checksum","code":414}`
	badCurTime      = `{"desc":"CurTime is expired","code":414}`
	noMessageID     = `{"code":414,"desc":"msgidclient is null"}`
	noAccount       = `{"code":414,"desc":"accid is empty"}` // seen on another form endpoint
	badTimetag      = `{"desc":"timetag not long","code":414}`
	badType         = `{"code":414,"desc":"illegal type!"}` // printed on the page of msg/delMsg.action
	badSessionType  = `{"code": 414, "desc": "type must be 1 or 2"}`
	senderNotInTeam = `{"desc": "not allow!", "code": 403}`
)

// Bodies that are made up: the code is documented, the text is not, or only as the meaning of the code.
const (
	badNonce      = `{"desc":"nonce","code":414}`
	badIgnoreTime = `{"desc":"illegal ignoreTime!","code":414}`
	badLength     = `{"desc":"parameter too long","code":414}`
	tooFast       = `{"desc":"frequency control","code":416}`
	repeated      = `{"desc":"HTTP request is repeated","code":431}`
	windowOver    = `{"desc":"Message recall time exceeded","code":508}`
	badRoom       = `{"desc":"roomid not long","code":414}`
	badAccids     = `{"desc":"accids is illegal","code":414}`
	badBroadcast  = `{"desc":"broadcastId not long","code":414}`
)

// Bodies of version 2 that are known to the letter: from the schema of its pages, and from reports.
const (
	v2Success   = `{"code":200,"msg":"success","data":{}}`
	v2NoMessage = `{"code":107404,"msg":"message not exist"}`
	v2NoTeam    = `{"code":108404,"msg":"team not exist"}`
)

// Bodies of version 2 that are made up. The texts of 107314 and 109404 are those of the vendor's list of codes, but
// that a recall is answered with 109404 where the sender has left the team is a guess. What authentication looks
// like in version 2 is not documented; here it uses the texts of version 1.
const (
	v2WindowOver      = `{"code":107314,"msg":"revoke message exceeded time limit"}`
	v2NoMember        = `{"code":109404,"msg":"team member not exist"}`
	v2BadConversation = `{"code":414,"msg":"conversation_id is illegal"}`
	v2BadMessageID    = `{"code":414,"msg":"message_server_id is illegal"}`
	v2BadType         = `{"code":414,"msg":"type is illegal"}`
	v2BadTime         = `{"code":414,"msg":"message_time is illegal"}`
	v2BadAccounts     = `{"code":414,"msg":"account_ids is required"}`
	v2BadAppKey       = `{"code":414,"msg":"appkey"}`
	v2BadNonce        = `{"code":414,"msg":"nonce"}`
	v2BadCurTime      = `{"code":414,"msg":"CurTime is expired"}`
	v2BadCheckSum     = `{"code":414,"msg":"checksum"}`
	v2TooFast         = `{"code":416,"msg":"frequency control"}`
	v2Repeated        = `{"code":431,"msg":"HTTP request is repeated"}`
)
