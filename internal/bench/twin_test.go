package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// The twin is what an application would have without this module: each
// vendor's call by hand on net/http. It does the same wire work with the same
// pool and timeout, reads answers within the same bound and checks them. It
// does not repeat, limit, observe or tell what may have been applied.

const (
	twinTimeout = recall.DefaultTimeout
	twinMaxBody = 1 << 20
)

// twin is what the twins of all vendors have in common.
type twin struct {
	http *http.Client
	base string
}

func newTwin(base string, transport *http.Transport) twin {
	return twin{base: base, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// post sends a body and returns the status and body of the answer.
func (t twin) post(ctx context.Context, path, contentType string, body io.Reader, headers map[string]string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+path, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "imrecall")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := t.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, twinMaxBody+1))
	if err != nil {
		return 0, nil, err
	}
	if len(data) > twinMaxBody {
		return 0, nil, errors.New("the answer is too long")
	}
	return res.StatusCode, data, nil
}

// easemobTwin recalls through Easemob.
type easemobTwin struct {
	twin
	mu      sync.RWMutex
	token   string
	expires time.Time
}

type easemobTokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

type easemobBody struct {
	MsgID    string `json:"msg_id"`
	To       string `json:"to"`
	From     string `json:"from,omitempty"`
	ChatType string `json:"chat_type"`
	Force    bool   `json:"force"`
}

type easemobAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Data        struct {
		Recalled any    `json:"recalled"` // "yes", or true in some deployments
		MsgID    string `json:"msg_id"`
	} `json:"data"`
}

// fetch gets a token.
func (t *easemobTwin) fetch(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{
		"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret",
	})
	if err != nil {
		return err
	}
	status, data, err := t.post(ctx, "/acme/chat/token", "application/json", bytes.NewReader(body), nil)
	if err != nil {
		return err
	}
	var answer easemobTokenAnswer
	if err := json.Unmarshal(data, &answer); err != nil || status != http.StatusOK || answer.AccessToken == "" {
		return fmt.Errorf("no token: %d %s", status, data)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires = answer.AccessToken, time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second)
	return nil
}

// bearer returns the token, or one that it fetches.
func (t *easemobTwin) bearer(ctx context.Context) (string, error) {
	t.mu.RLock()
	token, expires := t.token, t.expires
	t.mu.RUnlock()
	if token != "" && time.Now().Before(expires) {
		return token, nil
	}
	if err := t.fetch(ctx); err != nil {
		return "", err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.token, nil
}

// Recall recalls a one-to-one message.
func (t *easemobTwin) Recall(ctx context.Context, msgID, _, to string, _ time.Time) error {
	token, err := t.bearer(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(easemobBody{MsgID: msgID, To: to, ChatType: "chat"})
	if err != nil {
		return err
	}
	status, data, err := t.post(ctx, "/acme/chat/messages/msg_recall", "application/json", bytes.NewReader(body),
		map[string]string{"Authorization": "Bearer " + token})
	if err != nil {
		return err
	}
	var answer easemobAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("status %d: %w", status, err)
	}
	if status != http.StatusOK || answer.Error != "" || answer.Data.MsgID != msgID ||
		answer.Data.Recalled != "yes" && answer.Data.Recalled != true {
		return fmt.Errorf("status %d: %s %s", status, answer.Error, answer.Description)
	}
	return nil
}

// neteaseTwin recalls through NetEase.
type neteaseTwin struct {
	twin
	appKey, appSecret string
}

type neteaseAnswer struct {
	Code json.Number `json:"code"` // a number, or a string that holds one
	Desc string      `json:"desc"`
}

func randomHex() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Recall recalls a one-to-one message.
func (t *neteaseTwin) Recall(ctx context.Context, msgID, from, to string, sentAt time.Time) error {
	nonce, curTime := randomHex(), strconv.FormatInt(time.Now().Unix(), 10)
	sum := sha1.Sum([]byte(t.appSecret + nonce + curTime))
	form := url.Values{}
	form.Set("deleteMsgid", msgID)
	form.Set("timetag", strconv.FormatInt(sentAt.UnixMilli(), 10))
	form.Set("type", "7")
	form.Set("from", from)
	form.Set("to", to)
	status, data, err := t.post(ctx, "/nimserver/msg/recall.action", "application/x-www-form-urlencoded;charset=utf-8",
		strings.NewReader(form.Encode()), map[string]string{
			"AppKey": t.appKey, "Nonce": nonce, "CurTime": curTime, "CheckSum": hex.EncodeToString(sum[:]), "RequestId": randomHex(),
		})
	if err != nil {
		return err
	}
	var answer neteaseAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("status %d: %w", status, err)
	}
	if status != http.StatusOK || answer.Code != "200" {
		return fmt.Errorf("status %d: %s %s", status, answer.Code, answer.Desc)
	}
	return nil
}

// goeasyTwin recalls through GoEasy.
type goeasyTwin struct {
	twin
	appKey string
}

type goeasyBody struct {
	AppKey   string  `json:"appkey"`
	UserAID  string  `json:"userAId"`
	UserBID  string  `json:"userBId"`
	Messages []int64 `json:"messages"`
}

type goeasyAnswer struct {
	Code    json.Number `json:"code"` // as above
	Content string      `json:"content"`
}

// Recall recalls a one-to-one message.
func (t *goeasyTwin) Recall(ctx context.Context, _, from, to string, sentAt time.Time) error {
	body, err := json.Marshal(goeasyBody{AppKey: t.appKey, UserAID: from, UserBID: to, Messages: []int64{sentAt.UnixMilli()}})
	if err != nil {
		return err
	}
	status, data, err := t.post(ctx, "/v2/im/history/recall", "application/json", bytes.NewReader(body), nil)
	if err != nil {
		return err
	}
	var answer goeasyAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("status %d: %w", status, err)
	}
	if status != http.StatusOK || answer.Code != "200" {
		return fmt.Errorf("status %d: %s %s", status, answer.Code, answer.Content)
	}
	return nil
}
