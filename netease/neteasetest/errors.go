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
	senderNotInTeam = `{"desc": "not allow!", "code": 403}`
)

// Bodies that are made up: the code is documented, the text is not, or only as the meaning of the code.
const (
	badNonce      = `{"desc":"nonce","code":414}`
	badIgnoreTime = `{"desc":"illegal ignoreTime!","code":414}`
	badLength     = `{"desc":"parameter too long","code":414}`
	repeated      = `{"desc":"HTTP request is repeated","code":431}`
	windowOver    = `{"desc":"Message recall time exceeded","code":508}`
)
