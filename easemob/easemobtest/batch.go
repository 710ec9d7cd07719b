package easemobtest

import (
	"context"
	"net/http"
)

// maxBatch is how many messages a batch holds at most.
const maxBatch = 30

type batchRequest struct {
	Msgs                       []recallRequest `json:"msgs"`
	RecallMessageExtensionInfo string          `json:"recallMessageExtensionInfo"`
}

// failedItem is what the answer says of a message that was not recalled. The page on the batch does not show
// one; this is the form of the legacy API.
type failedItem struct {
	MsgID    string `json:"msg_id"`
	Recalled string `json:"recalled"`
}

// batchRecall is POST /{org}/{app}/messages/batch_recall,
// https://doc.easemob.com/document/server-side/message_recall_batch.html. Items are answered in the order of the
// request, as in the page's sample, which promises nothing.
//
// Not documented, and so guessed: that a bad parameter refuses the whole call, and the answer to more than 30.
func (s *Server) batchRecall(r *http.Request) (any, *failure) {
	req, fail := decode[batchRequest](r)
	if fail != nil {
		return nil, fail
	}
	if s.RecallUnopened {
		return nil, recallUnopened()
	}
	if len(req.Msgs) == 0 || len(req.Msgs) > maxBatch {
		return nil, illegalArgument("this is an invalid request.")
	}
	for _, msg := range req.Msgs {
		if fail := msg.check(); fail != nil {
			return nil, fail
		}
	}
	data := make([]any, len(req.Msgs))
	for i, msg := range req.Msgs {
		data[i] = s.recallItem(r.Context(), msg)
	}
	return s.envelope(r, data), nil
}

func (s *Server) recallItem(ctx context.Context, req recallRequest) any {
	if fail := s.apply(ctx, req); fail != nil {
		return failedItem{MsgID: req.MsgID, Recalled: fail.description}
	}
	return req.recalled()
}
