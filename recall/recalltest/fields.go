package recalltest

import (
	"slices"
	"time"

	"github.com/imrecall/imrecall/recall"
)

func allChats() []recall.ChatType {
	return []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup, recall.ChatRoom}
}

// fieldNames are the fields of a request that can be needed, in order.
func fieldNames() []string {
	return []string{"MessageID", "Chat", "From", "To", "SentAt", "Operator", "Reason", "Extension"}
}

// needs returns the fields that a request of this kind of chat needs.
func needs(c recall.Capabilities, chat recall.ChatType) []string {
	names := slices.Clone(c.Needs)
	switch chat {
	case recall.ChatDirect:
		names = append(names, c.NeedsDirect...)
	case recall.ChatSuperGroup:
		names = append(names, c.NeedsSuperGroup...)
	case recall.ChatRoom:
		names = append(names, c.NeedsRoom...)
	}
	return names
}

// without returns req with an empty field.
func without(req recall.Request, name string) recall.Request {
	switch name {
	case "MessageID":
		req.MessageID = ""
	case "Chat":
		req.Chat = ""
	case "From":
		req.From = ""
	case "To":
		req.To = ""
	case "SentAt":
		req.SentAt = time.Time{}
	case "Operator":
		req.Operator = ""
	case "Reason":
		req.Reason = ""
	case "Extension":
		req.Extension = ""
	}
	return req
}

func isEmpty(req recall.Request, name string) bool {
	if name == "SentAt" {
		return req.SentAt.IsZero()
	}
	return without(req, name) == req
}
