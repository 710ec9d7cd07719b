package recalltest

import (
	"errors"
	"reflect"
	"slices"

	"github.com/imrecall/imrecall/recall"
)

// requestRules are about requests that are refused before they are sent.
func requestRules() []rule {
	return []rule{
		{"missing field", "a request without a field that the vendor needs is refused before it is sent, with ErrInvalidRequest and the field's name", missingField},
		{"kinds of chat", "a kind of chat that the provider can't recall from is refused before anything is sent, with ErrUnsupported, or ErrInvalidRequest and the field Chat", kindsOfChat},
		{"capabilities", "Capabilities says what the provider does: its vendor, kinds of chat, outcomes, the size of a batch, and no field as needed or left out that isn't", capabilitiesAreTrue},
		{"validator", "ValidateRequest sends nothing and returns what RecallMessage would refuse a request with before it is sent", validatorAgrees},
	}
}

// variant is a request to be refused before it is sent.
type variant struct {
	name  string
	req   recall.Request
	field string // to be named; "" for any of a request's
}

// missing returns requests without what the provider needs.
func missing(h Harness) []variant {
	c, ok := h.Provider.(recall.Capable)
	if !ok {
		return []variant{{"the empty request", recall.Request{}, ""}}
	}
	var all []variant
	for _, chat := range c.Capabilities().Chats {
		for _, name := range needs(c.Capabilities(), chat) {
			req := h.Messages[0]
			req.Chat = chat
			all = append(all, variant{string(chat) + " without " + name, without(req, name), name})
		}
	}
	return all
}

func missingField(p *probe) {
	h, ok := p.stage(Untouched)
	if !ok {
		return
	}
	for _, v := range missing(h) {
		p.unsent(h, v.name, func() {
			receipt, err := p.recall(h, v.req)
			e, _ := errors.AsType[*recall.Error](err)
			switch {
			case !errors.Is(err, recall.ErrInvalidRequest):
				p.violated("%s: %s", v.name, got(receipt, err))
			case e == nil || v.field == "" && !slices.Contains(fieldNames(), e.Field) || v.field != "" && e.Field != v.field:
				p.violated("%s: the error does not name the field: %v", v.name, err)
			}
		})
	}
}

// otherChats are the kinds of chat that the provider does not have, and those
// that nobody has.
func otherChats(h Harness) []recall.ChatType {
	chats := []recall.ChatType{"", "telepathy"}
	c, ok := h.Provider.(recall.Capable)
	if !ok {
		return chats
	}
	for _, chat := range allChats() {
		if !slices.Contains(c.Capabilities().Chats, chat) {
			chats = append(chats, chat)
		}
	}
	return chats
}

func kindsOfChat(p *probe) {
	h, ok := p.stage(Untouched)
	if !ok {
		return
	}
	for _, chat := range otherChats(h) {
		req := h.Messages[0]
		req.Chat = chat
		p.unsent(h, "Chat "+string(chat), func() {
			receipt, err := p.recall(h, req)
			e, _ := errors.AsType[*recall.Error](err)
			named := errors.Is(err, recall.ErrInvalidRequest) && e != nil && e.Field == "Chat"
			unsupported := errors.Is(err, recall.ErrUnsupported) && chat.Valid()
			if !named && !unsupported {
				p.violated("Chat %q: %s", chat, got(receipt, err))
			}
		})
	}
}

func capabilitiesAreTrue(p *probe) {
	h, ok := p.stage(Untouched)
	if !ok {
		return
	}
	capable, ok := h.Provider.(recall.Capable)
	if !ok {
		p.staged = 0
		p.skip("the provider is not recall.Capable")
		return
	}
	c := capable.Capabilities()
	for what, wrong := range map[string]bool{
		"Vendor is empty":                  c.Vendor == "",
		"Chats is empty":                   len(c.Chats) == 0,
		"Chats has one that nobody has":    slices.ContainsFunc(c.Chats, func(t recall.ChatType) bool { return !t.Valid() }),
		"a list has no field of a Request": slices.ContainsFunc(listed(c), func(name string) bool { return !isField(name) }),
		"Success is no outcome":            !knownOutcome(c.Success),
		"ForcedSuccess is no outcome":      !knownOutcome(c.ForcedSuccess),
		"CallsPerSecond is negative":       c.CallsPerSecond < 0,
		"two calls differ":                 !reflect.DeepEqual(c, capable.Capabilities()),
	} {
		if wrong {
			p.violated("%s: %+v", what, c)
		}
	}
	p.batchSize(h, c)
	p.enough(h, c)
}

func listed(c recall.Capabilities) []string {
	return slices.Concat(c.Needs, c.NeedsDirect, c.NeedsSuperGroup, c.NeedsRoom, c.Sends)
}

func isField(name string) bool {
	_, ok := reflect.TypeFor[recall.Request]().FieldByName(name)
	return ok
}

func (p *probe) batchSize(h Harness, c recall.Capabilities) {
	b, ok := h.Provider.(recall.Batcher)
	if !ok {
		if c.Batch != 0 {
			p.violated("Batch is %d, and the provider is no recall.Batcher", c.Batch)
		}
		return
	}
	if key, limit := b.BatchKey(h.Messages[0]); key != "" && limit != c.Batch {
		p.violated("Batch is %d, and BatchKey lets %d messages share a call", c.Batch, limit)
	}
}

// enough checks that a request needs nothing but what is said to be needed.
func (p *probe) enough(h Harness, c recall.Capabilities) {
	v, ok := h.Provider.(recall.Validator)
	if !ok {
		p.skip("whether other fields are needed: the provider is no recall.Validator")
		return
	}
	for _, chat := range c.Chats {
		req := h.Messages[0]
		req.Chat, req.Force, req.Ref = chat, false, ""
		for _, name := range fieldNames() {
			if !slices.Contains(needs(c, chat), name) {
				req = without(req, name)
			}
		}
		if err := v.ValidateRequest(req); err != nil {
			p.violated("%s: a request with what is needed (%v) is refused: %v", chat, needs(c, chat), err)
		}
	}
}

func validatorAgrees(p *probe) {
	h, ok := p.stage(Untouched)
	if !ok {
		return
	}
	v, ok := h.Provider.(recall.Validator)
	if !ok {
		p.staged = 0
		p.skip("the provider is no recall.Validator")
		return
	}
	variants := missing(h)
	for _, chat := range otherChats(h) {
		req := h.Messages[0]
		req.Chat = chat
		variants = append(variants, variant{name: "Chat " + string(chat), req: req})
	}
	for _, variant := range variants {
		var refused error
		p.unsent(h, variant.name, func() { refused = v.ValidateRequest(variant.req) })
		receipt, err := p.recall(h, variant.req)
		switch {
		case refused == nil:
			p.violated("%s: ValidateRequest has nothing against it", variant.name)
		case !sameRefusal(refused, err):
			p.violated("%s: ValidateRequest returns %q, and the call %s", variant.name, refused, got(receipt, err))
		}
	}
	p.sendsWhatIsValid()
}

func sameRefusal(a, b error) bool {
	x, _ := errors.AsType[*recall.Error](a)
	y, _ := errors.AsType[*recall.Error](b)
	return x != nil && y != nil && x.Kind == y.Kind && x.Field == y.Field
}

// sendsWhatIsValid checks that what ValidateRequest lets pass is sent.
func (p *probe) sendsWhatIsValid() {
	h, ok := p.stage(Healthy)
	if !ok {
		return
	}
	if err := h.Provider.(recall.Validator).ValidateRequest(h.Messages[0]); err != nil {
		p.violated("ValidateRequest refuses a message that the vendor knows: %v", err)
		return
	}
	before := h.Sent()
	receipt, err := p.recall(h, h.Messages[0])
	if h.Sent() == before {
		p.violated("ValidateRequest has nothing against the request, but nothing was sent, and the call %s", got(receipt, err))
	}
}
