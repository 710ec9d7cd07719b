package emulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Callbacks is how an emulator posts callbacks. Each emulator has a public struct of the same fields, which
// converts to this one.
type Callbacks struct {
	URL          string // where to post; empty: nowhere
	Times        int    // how often each is posted, though it was answered; 0 and 1: once
	Shuffle      bool   // of every two events the later is posted first; a single one waits for the next, or for Wait
	BadSignature bool   // signed with another secret
	Early        bool   // a recall's callback is posted and answered before the recall call itself is answered
	NoRecalls    bool   // nothing is posted about recalls
}

// Callback makes the post for one event. It is called for each try, with the secret to sign with, from a goroutine
// of its own.
type Callback struct {
	Secret string
	Render func(secret string) (http.Header, []byte)
}

// PostRules are a vendor's rules for callbacks that are not answered as it wants.
type PostRules struct {
	Tries    int           // how often one is posted at most until it is received; 0: once
	Timeout  time.Duration // of one try, in real time; 0: 5 seconds
	GivesUp  bool          // after a callback whose tries all failed nothing more is posted until the next Start
	Received func(status int, body []byte) bool
}

// maxAnswer is how much of an answer to a callback is read.
const maxAnswer = 64 << 10

// Poster posts an emulator's callbacks, one after the other, in the background. It has a goroutine only while there
// is something to post. It is safe for concurrent use.
type Poster struct {
	rules  PostRules
	client *http.Client
	ctx    context.Context // the poster's life: no caller's ctx may end a post
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	to      *recipient
	held    *post // of a shuffled pair, the one that came first
	queue   []job
	working bool
	closed  bool
}

// recipient is who gets the callbacks since the last Start.
type recipient struct {
	Callbacks
	givenUp bool // by the vendor; read and written by the goroutine that posts
}

type post struct {
	to *recipient
	Callback
}

// job is a post, or, where that is nil, a mark in the queue: done is closed when it is reached.
type job struct {
	*post
	done chan struct{}
}

// NewPoster returns a Poster that has nobody to post to.
func NewPoster(rules PostRules) *Poster {
	if rules.Timeout <= 0 {
		rules.Timeout = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // Close ends it, and no call
	return &Poster{
		rules: rules,
		client: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true}, // an idle connection would be a goroutine
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		ctx:    ctx,
		cancel: cancel,
		to:     new(recipient),
	}
}

// Start makes the poster post what happens from now on as c says. What is pending is posted as was said before.
func (p *Poster) Start(c Callbacks) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
	p.to = &recipient{Callbacks: c}
}

// Sent tells of a message.
func (p *Poster) Sent(c Callback) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to.URL != "" {
		p.add(c, false)
	}
}

// Recalled tells of a recall. If the callback is to be early it returns when that was answered or given up, or when
// ctx is over.
func (p *Poster) Recalled(ctx context.Context, c Callback) {
	p.mu.Lock()
	if p.to.URL == "" || p.to.NoRecalls {
		p.mu.Unlock()
		return
	}
	early := p.to.Early
	done := p.add(c, early)
	p.mu.Unlock()
	if early {
		_ = wait(ctx, done)
	}
}

// Wait returns when each callback that was due when it was called has been answered or given up, or with ctx's
// error.
func (p *Poster) Wait(ctx context.Context) error {
	p.mu.Lock()
	p.release()
	done := p.mark()
	p.mu.Unlock()
	return wait(ctx, done)
}

// Close ends all posting, also of what is pending, and returns when the goroutine is gone. Nothing is posted after it.
func (p *Poster) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add queues c, or holds it back until its pair is complete, and returns a channel that is closed when it was
// posted. An urgent one is not held back. The caller has locked p.
func (p *Poster) add(c Callback, urgent bool) <-chan struct{} {
	first := &post{to: p.to, Callback: c}
	second := p.held
	if p.to.Shuffle && second == nil && !urgent {
		p.held = first
		return nil // nobody waits for one that is not urgent
	}
	p.held = nil
	done := make(chan struct{})
	for round := range max(p.to.Times, 1) {
		p.push(job{post: first})
		if round == max(p.to.Times, 1)-1 {
			p.push(job{done: done})
		}
		if second != nil {
			p.push(job{post: second})
		}
	}
	return done
}

// release queues what was held back. The caller has locked p.
func (p *Poster) release() {
	if p.held == nil {
		return
	}
	for range max(p.held.to.Times, 1) {
		p.push(job{post: p.held})
	}
	p.held = nil
}

// mark returns a channel that is closed when all that is in the queue has been posted. The caller has locked p.
func (p *Poster) mark() <-chan struct{} {
	done := make(chan struct{})
	p.push(job{done: done})
	return done
}

func (p *Poster) push(j job) {
	if p.closed {
		if j.done != nil {
			close(j.done)
		}
		return
	}
	p.queue = append(p.queue, j)
	if !p.working {
		p.working = true
		p.wg.Go(p.work)
	}
}

// work does what is in the queue and ends when it is empty.
func (p *Poster) work() {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 {
			p.working = false
			p.mu.Unlock()
			return
		}
		next := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()
		if next.post == nil {
			close(next.done)
			continue
		}
		p.deliver(next.post)
	}
}

// deliver posts one callback until it is received, or the vendor would give up.
func (p *Poster) deliver(d *post) {
	for range max(p.rules.Tries, 1) {
		if d.to.givenUp || p.ctx.Err() != nil {
			return
		}
		if p.post(d) {
			return
		}
	}
	d.to.givenUp = p.rules.GivesUp
}

func (p *Poster) post(d *post) (received bool) {
	secret := d.Secret
	if d.to.BadSignature {
		secret += "-of-another"
	}
	header, body := d.Render(secret)
	ctx, cancel := context.WithTimeout(p.ctx, p.rules.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.to.URL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header = header
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return err == nil && p.rules.Received(resp.StatusCode, answer)
}
