package easemob

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// operation is one of the vendor's calls beside the single recall, with parameters that nothing is wrong with.
type operation struct {
	op      string // as in recall.Error
	success string // the body of a success
	quotas  []string
	errors  []errorRow // the page's own table
	user    string     // the parameter that is part of the path
	call    func(context.Context, *Client) error
}

// oneOf returns the error of a call about one message, wherever it is.
func oneOf(results []MessageResult, err error) error {
	if err != nil || len(results) == 0 {
		return err
	}
	return results[0].Err
}

const (
	conversationOK = `{"action":"delete","entities":[],"data":{"result":"ok"},"duration":3}`
	roamingOK      = `{"requestStatusCode":"ok","timestamp":1710309184114}`
)

// roamingErrors is the table of the pages on roaming messages.
//
// https://doc.easemob.com/document/server-side/message_delete_roam_single_msgid.html
var roamingErrors = []errorRow{
	{400, "service open exception", "this appKey not open message roaming", recall.ErrNotEnabled, ""},
	{400, "service open exception", "", recall.ErrNotEnabled, ""}, // so on Shengwang's pages
	{400, "param exception", "delete msg list limit can not greater than 50", recall.ErrInvalidRequest, ""},
	{400, "Bad Request", "Bad Request", recall.ErrInvalidRequest, ""},
	{404, "service_resource_not_found", "Service resource not found", recall.ErrInvalidRequest, "UserID"},
}

// conversationErrors is the table of the page on conversations.
//
// https://doc.easemob.com/document/server-side/conversation_delete.html
var conversationErrors = []errorRow{
	{400, "invalid_request_body", "Request body is invalid. Please check body is correct.", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "field channel cannot be null or empty", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "field type cannot be null or empty", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "field delete_roam cannot be null", recall.ErrInvalidRequest, ""},
	{404, "service_resource_not_found", "Service resource not found", recall.ErrInvalidRequest, "Username"},
}

func roaming(op, quota string, call func(context.Context, *Client) (recall.Receipt, error)) operation {
	return operation{
		op: "delete_roaming_" + op, success: roamingOK, errors: roamingErrors, user: "UserID",
		quotas: []string{"easemob/org#app/rest/message/roaming/" + quota},
		call: func(ctx context.Context, c *Client) error {
			_, err := call(ctx, c)
			return err
		},
	}
}

func operations() []operation {
	until := time.UnixMilli(1659014868000)
	return []operation{
		{
			op: "recall_batch", success: recalledJSON("1"), errors: recallErrors,
			quotas: []string{"easemob/org#app/messages/batch_recall"},
			call: func(ctx context.Context, c *Client) error {
				return oneOf(c.RecallBatch(ctx, BatchParams{Msgs: []RecallParams{recallOf("1")}}))
			},
		},
		{
			op: "recall_legacy", success: `{"msgs":[{"msg_id":"1","recalled":"yes"}]}`, errors: recallErrors,
			quotas: []string{"easemob/org#app/messages/recall"},
			call: func(ctx context.Context, c *Client) error {
				return oneOf(c.RecallLegacy(ctx, LegacyParams{Msgs: []LegacyMessage{{MsgID: "1", To: "user2", ChatType: ChatTypeChat}}}))
			},
		},
		{
			op: "delete_conversation", success: conversationOK, errors: conversationErrors, user: "Username",
			quotas: []string{"easemob/org#app/users/user_channel/user1", "easemob/org#app/users/user_channel"},
			call: func(ctx context.Context, c *Client) error {
				_, err := c.DeleteConversation(ctx, ConversationParams{Username: "User1", Channel: "user2", Type: ChatTypeChat})
				return err
			},
		},
		roaming("chat", "chat/user", func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingChat(ctx, RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: []string{"1"}})
		}),
		roaming("group", "group/user", func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingGroup(ctx, RoamingGroupParams{UserID: "u", GroupID: "g", MsgIDs: []string{"1"}})
		}),
		roaming("all", "user/delete/all", func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingAll(ctx, "u")
		}),
		roaming("chat_until", "chat/user/time", func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingChatUntil(ctx, RoamingChatUntilParams{UserID: "u", PeerID: "p", DelTime: until})
		}),
		roaming("group_until", "group/user/time", func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingGroupUntil(ctx, RoamingGroupUntilParams{UserID: "u", GroupID: "g", DelTime: until})
		}),
	}
}

func TestOperationsSucceed(t *testing.T) {
	for _, o := range operations() {
		t.Run(o.op, func(t *testing.T) {
			require.NoError(t, o.call(t.Context(), clientFor(t, 200, o.success)))
			for _, status := range []int{201, 204, 400, 403, 500} {
				require.Error(t, o.call(t.Context(), clientFor(t, status, o.success)), status)
			}
		})
	}
}

// TestOperationsErrorTables goes through the page's own table and the common one for each call.
func TestOperationsErrorTables(t *testing.T) {
	for _, o := range operations() {
		for _, row := range append(append([]errorRow(nil), o.errors...), commonErrors...) {
			t.Run(o.op+"/"+row.code+"/"+row.text, func(t *testing.T) {
				if row.code == "service_resource_not_found" && o.user != "" {
					row.kind, row.field = recall.ErrInvalidRequest, o.user
				}
				err := o.call(t.Context(), clientFor(t, row.status, errorJSON(row.code, row.text)))
				row.assertOf(t, whole(err), o.op)
			})
		}
	}
}

// whole returns the error within a RoamingError, and any other as it is.
func whole(err error) error {
	var unfinished *RoamingError
	if errors.As(err, &unfinished) {
		return unfinished.Err
	}
	return err
}

func TestOperationsUnexplainedAnswers(t *testing.T) {
	for _, o := range operations() {
		for status, kind := range unexplained {
			for name, body := range unexplainedBodies {
				t.Run(o.op+"/"+name, func(t *testing.T) {
					e := failure(t, o.call(t.Context(), clientFor(t, status, body)))
					if name == "other message" && status == 200 {
						kind = recall.ErrBadResponse
					}
					assert.Equal(t, kind, e.Kind, status)
					assert.Equal(t, unsettled(kind), e.MayHaveApplied)
				})
			}
		}
	}
}

// quotaLog is a limiter that notes the quotas it is asked for and lets everything through.
type quotaLog struct {
	mu   sync.Mutex
	seen []recall.Quota
}

func (l *quotaLog) Wait(_ context.Context, q recall.Quota) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, q)
	return nil
}

func (l *quotaLog) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// TestOperationsQuotas: the documented ones, narrowest first.
func TestOperationsQuotas(t *testing.T) {
	for _, o := range operations() {
		t.Run(o.op, func(t *testing.T) {
			log := &quotaLog{}
			c := newClient(t, func(cfg *Config) {
				cfg.Policy.Rate, cfg.Policy.Limiter, cfg.Policy.Transport = 0, log, answering(200, o.success)
			})
			require.NoError(t, o.call(t.Context(), c))
			var want []recall.Quota
			for i, key := range o.quotas {
				q := recall.Quota{Key: key, Calls: 100, Per: time.Second}
				if i < len(o.quotas)-1 {
					q.Calls, q.Per = 5, time.Minute
				}
				want = append(want, q)
			}
			assert.Equal(t, want, log.seen)
		})
	}
}

// TestOperationsOverBeforeTheyStart: nothing is sent.
func TestOperationsOverBeforeTheyStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range operations() {
		mock := answering(200, o.success)
		err := o.call(ctx, newClient(t, func(cfg *Config) { cfg.Policy.Transport = mock }))
		assert.Equal(t, recall.ErrCanceled, failure(t, err).Kind, o.op)
		require.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, mock.GetTotalCallCount(), o.op)
	}
}

// TestOperationsHideSecrets: what the server echoes is not told.
func TestOperationsHideSecrets(t *testing.T) {
	for name, echo := range echoes() {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) { echo(w, r, vendortest.InOneLine(r)) })
			for _, o := range operations() {
				c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Token = server, tokenPlain })
				err := o.call(t.Context(), c)
				failure(t, err)
				assertHides(t, err, tokenPlain)
			}
		})
	}
}
