package easemobtest

import (
	"context"
	"net/http"
	"slices"
)

type legacyRequest struct {
	Msgs []legacyMessage `json:"msgs"`
}

type legacyMessage struct {
	MsgID    string `json:"msg_id"`
	To       string `json:"to"`
	ChatType string `json:"chat_type"` // "chat" or "groupchat"; "group_chat" in the text of the page
	From     string `json:"from"`      // this and the next field are in the vendor's Java SDK only
	Force    bool   `json:"force"`
}

type legacyAnswer struct {
	Msgs []any `json:"msgs"`
}

type legacyItem struct {
	MsgID    string `json:"msg_id"`
	Recalled string `json:"recalled"`
	From     string `json:"from"`
	To       string `json:"to"`
	ChatType string `json:"chattype"`
}

// legacyRecall is POST /{org}/{app}/messages/recall, the retired page "消息撤回" of https://docs-im.easemob.com/.
// It answers 200 whatever became of the messages, without the envelope. Its sample has the items in the reverse
// order of the request, and so has the emulator.
//
// Not documented, and so guessed: that a bad parameter refuses the whole call, with the words of msg_recall.
func (s *Server) legacyRecall(r *http.Request) (any, *failure) {
	req, fail := decode[legacyRequest](r)
	if fail != nil {
		return nil, fail
	}
	if s.RecallUnopened {
		return nil, recallUnopened()
	}
	if len(req.Msgs) == 0 {
		return nil, illegalArgument("this is an invalid request.")
	}
	for _, msg := range req.Msgs {
		if fail := msg.current().check(); fail != nil {
			return nil, fail
		}
	}
	answer := legacyAnswer{Msgs: make([]any, len(req.Msgs))}
	for i, msg := range req.Msgs {
		answer.Msgs[i] = s.legacyItem(r.Context(), msg.current())
	}
	slices.Reverse(answer.Msgs)
	return answer, nil
}

// current is the message as msg_recall has it. There are no chat rooms here.
func (m legacyMessage) current() recallRequest {
	chat := m.ChatType
	switch chat {
	case "group_chat":
		chat = "groupchat"
	case "chatroom":
		chat = "chatroom of msg_recall only" // the recipient of no message
	}
	return recallRequest{MsgID: m.MsgID, To: m.To, ChatType: chat, From: m.From, Force: &m.Force}
}

func (s *Server) legacyItem(ctx context.Context, req recallRequest) any {
	if fail := s.apply(ctx, req); fail != nil {
		return failedItem{MsgID: req.MsgID, Recalled: fail.description}
	}
	done := req.recalled()
	return legacyItem{MsgID: done.MsgID, Recalled: done.Recalled, From: done.From, To: done.To, ChatType: done.ChatType}
}
