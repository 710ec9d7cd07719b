package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// stopWithin is how long requests that are being answered may still take when
// the program stops.
const stopWithin = 5 * time.Second

// program is a service that serves.
type program struct {
	*service
	url    string
	failed <-chan struct{} // closed when it no longer serves

	server   *http.Server
	serveErr error
	stopWork context.CancelFunc
	running  sync.WaitGroup
}

// maxHeader bounds a request's header in bytes, and with it what an id may be.
const maxHeader = 16 << 10

// start opens the database, takes up what an earlier run has left, and serves.
// What goes on in the background ends with stop, not with ctx, so that
// requests are answered until the end.
func start(ctx context.Context, apps []*app, o options, c clock, log *slog.Logger) (*program, error) {
	// First the address: where another program has it, that one may have the
	// database as well, and is at the messages that this one would take up.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return nil, err
	}
	st, err := openStore(ctx, o.db, c)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p := &program{service: newService(apps, st, o.limits, c, log)}
	interrupted, err := p.resume(ctx)
	if err != nil {
		return nil, errors.Join(err, st.close(), listener.Close())
	}
	p.url = "http://" + listener.Addr().String()
	p.serve(listener)
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.stopWork = cancel
	p.running.Go(func() { p.work(work, interrupted) })
	return p, nil
}

func (p *program) serve(listener net.Listener) {
	p.server = &http.Server{
		Handler: p.handler(), ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: longestWait + 10*time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader,
	}
	p.server.RegisterOnShutdown(func() { close(p.draining) })
	failed := make(chan struct{})
	p.failed = failed
	p.running.Go(func() {
		defer close(failed)
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.serveErr = err
		}
	})
}

// stop answers what is being answered, ends the background, and closes. What
// is left of a job goes on with the next start.
func (p *program) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	err := p.server.Shutdown(ctx)
	p.stopWork()
	p.running.Wait()
	for _, a := range p.apps {
		a.close()
	}
	return errors.Join(err, p.serveErr, p.store.close())
}
