package easemob

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// body makes a callback about a message that is signed, with further fields that may replace its own. A field
// that is empty is left out.
func body(fields ...string) string {
	all := []string{
		"callId", `"orgname#appname_8924"`, "timestamp", "1600060847294", "eventType", `"chat"`, "chat_type", `"chat"`,
		"from", `"user1"`, "to", `"user2"`, "msg_id", `"8924"`, "security", "",
		"payload", `{"ext":{},"bodies":[{"msg":"` + theText + `","type":"txt"}]}`,
	}
	for i := 0; i+1 < len(fields); i += 2 {
		found := false
		for j := 0; j < len(all); j += 2 {
			if all[j] == fields[i] {
				all[j+1], found = fields[i+1], true
			}
		}
		if !found {
			all = append(all, fields[i], fields[i+1])
		}
	}
	value := func(key string) string {
		for j := 0; j < len(all); j += 2 {
			if all[j] == key {
				return strings.Trim(all[j+1], `"`)
			}
		}
		return ""
	}
	var members []string
	for j := 0; j < len(all); j += 2 {
		if all[j] == "security" && all[j+1] == "" {
			all[j+1] = quoted(sign(value("callId"), value("timestamp")))
		}
		if all[j+1] != "" {
			members = append(members, quoted(all[j])+":"+all[j+1])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// doubled gives a key twice, in whatever case.
func doubled(key string, fields ...string) string {
	return strings.TrimSuffix(body(fields...), "}") + "," + quoted(key) + ":" + `"1"}`
}

func recallBody(fields ...string) string {
	return body(append([]string{"chat_type", `"recall"`, "recall_id", `"77"`, "payload", `{"ext":{},"ack_message_id":"77","bodies":[]}`}, fields...)...)
}

const anyUUID = "0990A64f-5b1c-4d0e-8696-cf3b48b20e7e"

func TestCallbackForms(t *testing.T) {
	request := func(change func(*recall.Request)) *recall.Request {
		r := recall.Request{MessageID: "8924", Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: time.UnixMilli(1600060847294).UTC()}
		if change != nil {
			change(&r)
		}
		return &r
	}
	group := func(chat recall.ChatType) *recall.Request {
		return request(func(r *recall.Request) { r.Chat, r.To = chat, "g1" })
	}
	gone := &recall.Request{MessageID: "77", To: "user2"}
	tests := map[string]struct {
		body string
		want *recall.Request // nil: an error of kind, or, where that is empty, no event
		kind recall.Kind
	}{
		"as it is":  {body: body(), want: request(nil)},
		"offline":   {body: body("eventType", `"chat_offline"`), want: request(nil)},
		"no sender": {body: body("from", ""), want: request(func(r *recall.Request) { r.From = "" })},
		"numbers for strings": {
			body: body("msg_id", "8924", "from", "12345678901234567890"),
			want: request(func(r *recall.Request) { r.From = "12345678901234567890" }),
		},
		"string for a number": {body: body("timestamp", `"1600060847294"`), want: request(nil)},
		"null is missing":     {body: body("from", "null", "appkey", "null"), want: request(func(r *recall.Request) { r.From = "" })},
		"our appkey":          {body: body("appkey", `"orgname#appname"`), want: request(nil)},
		"escaped":             {body: body("from", `"\u7528\u6237\ud83d\ude00\/\""`), want: request(func(r *recall.Request) { r.From = `用户😀/"` })},
		"latest time": {
			body: body("timestamp", "253402300799999"),
			want: request(func(r *recall.Request) { r.SentAt = time.UnixMilli(253402300799999).UTC() }),
		},
		"text that is not UTF-8": {body: body("payload", "\"\xff\xfe\""), want: request(nil)},
		"payload is a list":      {body: body("payload", "[1]"), want: request(nil)},
		"white space":            {body: "\n " + body() + " \r\n", want: request(nil)},

		"a group":            {body: body("chat_type", `"groupchat"`, "group_id", `"g1"`), want: group(recall.ChatGroup)},
		"a group, by type":   {body: body("chat_type", `"groupchat"`, "group_id", `"g1"`, "content_type", `"chat:group:txt"`), want: group(recall.ChatGroup)},
		"a room, by type":    {body: body("chat_type", `"groupchat"`, "group_id", `"g1"`, "content_type", `"chat:room:custom"`), want: group(recall.ChatRoom)},
		"a room, by payload": {body: body("chat_type", `"groupchat"`, "group_id", `"g1"`, "payload", `{"type":"chatroom"}`), want: group(recall.ChatRoom)},
		"a room, by name":    {body: body("chat_type", `"chatroom"`, "group_id", `"g1"`), want: group(recall.ChatRoom)},
		"a group, by a payload given twice": {
			body: doubled("payload", "chat_type", `"groupchat"`, "group_id", `"g1"`, "payload", `{"type":"chatroom"}`),
			want: group(recall.ChatGroup),
		},
		"callId with a UUID":  {body: body("callId", `"orgname#appname_`+anyUUID+`"`), want: request(nil)},
		"recall":              {body: recallBody(), want: gone},
		"recall in a group":   {body: recallBody("group_id", `"g1"`), want: &recall.Request{MessageID: "77", To: "g1"}},
		"recall_id alone":     {body: recallBody("payload", ""), want: gone},
		"ack_message_id only": {body: recallBody("recall_id", ""), want: gone},
		"recall, odd payload": {body: recallBody("payload", `"77"`), want: gone},
		"recall to nobody":    {body: recallBody("to", ""), want: &recall.Request{MessageID: "77"}},

		"before sending":      {body: body("eventType", "")},
		"thread and reaction": {body: body("chat_type", `"notify"`)},
		"group operation":     {body: body("chat_type", `"muc"`, "msg_id", "")},
		"no chat_type":        {body: body("chat_type", "")},
		"sensitive word":      {body: body("eventType", `"keyword_alert"`, "chat_type", "")},
		"moderation":          {body: body("eventType", `"moderation"`)},
		"eventType in caps":   {body: body("eventType", `"CHAT"`)},
		"not ours, another's": {body: body("chat_type", `"muc"`, "callId", `"other#app_1"`)},

		"empty":              {body: "", kind: recall.ErrUnauthorized},
		"probe":              {body: "{}", kind: recall.ErrUnauthorized},
		"list":               {body: "[]", kind: recall.ErrUnauthorized},
		"list of one":        {body: "[" + body() + "]", kind: recall.ErrUnauthorized},
		"null":               {body: "null", kind: recall.ErrUnauthorized},
		"number":             {body: "1", kind: recall.ErrUnauthorized},
		"string":             {body: quoted(body()), kind: recall.ErrUnauthorized},
		"HTML":               {body: "<html>" + theText + "</html>", kind: recall.ErrUnauthorized},
		"byte order mark":    {body: "\xef\xbb\xbf" + body(), kind: recall.ErrUnauthorized},
		"two values":         {body: body() + body(), kind: recall.ErrUnauthorized},
		"cut":                {body: strings.TrimSuffix(body(), "}"), kind: recall.ErrUnauthorized},
		"deep":               {body: strings.Repeat("[", 1<<20), kind: recall.ErrUnauthorized},
		"no callId":          {body: body("callId", ""), kind: recall.ErrUnauthorized},
		"no timestamp":       {body: body("timestamp", ""), kind: recall.ErrUnauthorized},
		"no security":        {body: body("security", "null"), kind: recall.ErrUnauthorized},
		"empty security":     {body: body("security", `""`), kind: recall.ErrUnauthorized},
		"security in caps":   {body: body("security", quoted(strings.ToUpper(sign("orgname#appname_8924", "1600060847294")))), kind: recall.ErrUnauthorized},
		"signed with none":   {body: body("security", quoted(strings.ReplaceAll(sign("", ""), callbackSecret, ""))), kind: recall.ErrUnauthorized},
		"callId twice":       {body: doubled("callId"), kind: recall.ErrUnauthorized},
		"CALLID twice":       {body: doubled("CALLID"), kind: recall.ErrUnauthorized},
		"timestamp twice":    {body: doubled("timestamp"), kind: recall.ErrUnauthorized},
		"security twice":     {body: doubled("security"), kind: recall.ErrUnauthorized},
		"timestamp is float": {body: body("timestamp", "1.600060847294e12"), kind: recall.ErrUnauthorized},
		"negative timestamp": {body: body("timestamp", "-1"), kind: recall.ErrBadResponse},
		"timestamp is true":  {body: body("timestamp", "true"), kind: recall.ErrUnauthorized},
		"timestamp is list":  {body: body("timestamp", "[1600060847294]"), kind: recall.ErrUnauthorized},
		"callId is not UTF8": {body: body("callId", "\"orgname#appname_\xff\""), kind: recall.ErrUnauthorized},

		"another's msg_id":     {body: body("msg_id", `"8925"`), kind: recall.ErrUnauthorized},
		"part of the msg_id":   {body: body("msg_id", `"24"`), kind: recall.ErrUnauthorized},
		"another's event":      {body: recallBody("msg_id", `"8925"`), kind: recall.ErrUnauthorized},
		"callId without an ID": {body: body("callId", `"orgname#appname_"`), kind: recall.ErrUnauthorized},
		"nearly a UUID":        {body: body("callId", `"orgname#appname_`+anyUUID[1:]+`"`), kind: recall.ErrUnauthorized},
		"UUID without its end": {body: body("callId", `"orgname#appname_`+anyUUID[:23]+`"`), kind: recall.ErrUnauthorized},
		"UUID and more":        {body: body("callId", `"orgname#appname_`+anyUUID+`-8924"`), kind: recall.ErrUnauthorized},
		"not quite hex":        {body: body("callId", `"orgname#appname_`+strings.Replace(anyUUID, "f", "g", 1)+`"`), kind: recall.ErrUnauthorized},

		"another app":             {body: body("callId", `"orgname#other_8924"`), kind: recall.ErrMisconfigured},
		"another app's name":      {body: body("appkey", `"orgname#other"`), kind: recall.ErrMisconfigured},
		"app of the same prefix":  {body: body("callId", `"orgname#appname2_8924"`), kind: recall.ErrMisconfigured},
		"app in caps":             {body: body("callId", `"ORGNAME#APPNAME_8924"`), kind: recall.ErrMisconfigured},
		"callId without an app":   {body: body("callId", `"8924"`), kind: recall.ErrMisconfigured},
		"a UUID without an app":   {body: body("callId", quoted(anyUUID)), kind: recall.ErrMisconfigured},
		"another app, recalling":  {body: recallBody("callId", `"orgname#other_8924"`), kind: recall.ErrMisconfigured},
		"timestamp is a word":     {body: body("timestamp", `"soon"`), kind: recall.ErrBadResponse},
		"timestamp is zero":       {body: body("timestamp", "0"), kind: recall.ErrBadResponse},
		"timestamp is huge":       {body: body("timestamp", "9223372036854775808"), kind: recall.ErrBadResponse},
		"timestamp after 9999":    {body: body("timestamp", "253402300800000"), kind: recall.ErrBadResponse},
		"recalled after 9999":     {body: recallBody("timestamp", "253402300800000"), kind: recall.ErrBadResponse},
		"no msg_id":               {body: body("msg_id", ""), kind: recall.ErrBadResponse},
		"msg_id is null":          {body: body("msg_id", "null"), kind: recall.ErrBadResponse},
		"msg_id is true":          {body: body("msg_id", "true"), kind: recall.ErrBadResponse},
		"msg_id is a list":        {body: body("msg_id", `["8924"]`), kind: recall.ErrBadResponse},
		"msg_id is a float":       {body: body("msg_id", "8924.0"), kind: recall.ErrBadResponse},
		"msg_id twice":            {body: doubled("msg_id"), kind: recall.ErrBadResponse},
		"appkey twice":            {body: doubled("appkey", "appkey", `"orgname#appname"`), kind: recall.ErrBadResponse},
		"eventType twice":         {body: doubled("eventType"), kind: recall.ErrBadResponse},
		"chat_type twice":         {body: doubled("Chat_Type"), kind: recall.ErrBadResponse},
		"from twice":              {body: doubled("from"), kind: recall.ErrBadResponse},
		"to twice":                {body: doubled("to"), kind: recall.ErrBadResponse},
		"group_id twice":          {body: doubled("group_id", "chat_type", `"groupchat"`, "group_id", `"g1"`), kind: recall.ErrBadResponse},
		"content_type twice":      {body: doubled("content_type", "chat_type", `"groupchat"`, "group_id", `"g1"`, "content_type", `"x"`), kind: recall.ErrBadResponse},
		"from has a NUL":          {body: body("from", `"user\u0000"`), kind: recall.ErrBadResponse},
		"from is not UTF-8":       {body: body("from", "\"user\xff\""), kind: recall.ErrBadResponse},
		"from is half a letter":   {body: body("from", `"user\ud83d"`), kind: recall.ErrBadResponse},
		"from is an object":       {body: body("from", `{"id":"user1"}`), kind: recall.ErrBadResponse},
		"nobody to":               {body: body("to", ""), kind: recall.ErrBadResponse},
		"to is empty":             {body: body("to", `""`), kind: recall.ErrBadResponse},
		"group without ID":        {body: body("chat_type", `"groupchat"`), kind: recall.ErrBadResponse},
		"recall of nothing":       {body: recallBody("recall_id", "", "payload", ""), kind: recall.ErrBadResponse},
		"recall of two":           {body: recallBody("recall_id", `"78"`), kind: recall.ErrBadResponse},
		"recall_id twice":         {body: doubled("recall_id", "chat_type", `"recall"`, "recall_id", `"77"`), kind: recall.ErrBadResponse},
		"recall, payload twice":   {body: doubled("payload", "chat_type", `"recall"`, "recall_id", `"77"`), kind: recall.ErrBadResponse},
		"ack_message_id twice":    {body: recallBody("payload", `{"ack_message_id":"77","ack_message_id":"77"}`), kind: recall.ErrBadResponse},
		"recall without an event": {body: recallBody("msg_id", ""), kind: recall.ErrBadResponse},
		"recall, group_id is odd": {body: recallBody("group_id", "{}"), kind: recall.ErrBadResponse},
	}
	c := newCallbacks(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			events, err := c.ParseEvents(t.Context(), nil, []byte(tt.body))
			if tt.kind != "" {
				e := failure(t, err)
				assert.Equal(t, tt.kind, e.Kind, "%v", err)
				assert.Equal(t, "callback", e.Op)
				assert.Equal(t, "orgname#appname", e.App)
				assert.Empty(t, events)
				assert.NotContains(t, err.Error(), theText)
				assertHides(t, err, callbackSecret, theText)
				return
			}
			require.NoError(t, err)
			if tt.want == nil {
				assert.Empty(t, events)
				return
			}
			require.Len(t, events, 1)
			assert.Equal(t, *tt.want, events[0].Request)
			assert.Empty(t, events[0].RecalledBy)
		})
	}
}

func TestCallbackErrorNamesTheField(t *testing.T) {
	for field, data := range map[string]string{
		"callId":    body("callId", ""),
		"timestamp": body("timestamp", `"soon"`),
		"security":  body("security", "[]"),
		"msg_id":    body("msg_id", ""),
		"to":        body("to", "{}"),
		"group_id":  body("chat_type", `"groupchat"`),
		"recall_id": recallBody("recall_id", `"78"`),
		"payload":   doubled("payload", "chat_type", `"recall"`, "recall_id", `"77"`),
	} {
		_, err := newCallbacks(t, nil).ParseEvents(t.Context(), nil, []byte(data))
		assert.ErrorContains(t, err, ": "+field+" ")
	}
}
