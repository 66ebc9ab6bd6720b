package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of asking for keys.
const (
	renewInterval = 15 * time.Second // between two fetches for the sake of requests
	renewPatience = time.Second      // how long a request waits for one
	fetchTimeout  = 10 * time.Second
	firstRetry    = time.Second // while no keys are known; it doubles up to renewInterval
	mostRedirects = 3
)

// A remote has the keys of a URL. One goroutine fetches them: now and then, and
// when a request needs a key that is not known. What was fetched last and made
// sense is what counts.
type remote struct {
	url     string
	client  *http.Client
	own     *http.Transport // of client, if newRemote made it
	refresh time.Duration
	log     *slog.Logger
	known   atomic.Pointer[ring] // nil until there are some
	wake    chan struct{}        // capacity 1
	stop    context.CancelFunc
	work    sync.WaitGroup

	mu      sync.Mutex
	began   time.Time     // when the last fetch began
	current chan struct{} // of the fetch that is due or under way, closed at its end; nil if there is none
	err     error         // of the last fetch that ended
	closed  bool
}

// newRemote returns a remote whose goroutine ends with ctx or close.
func newRemote(ctx context.Context, o *Options) *remote {
	ctx, stop := context.WithCancel(ctx)
	r := &remote{url: o.JWKS, refresh: o.Refresh, log: o.Logger, wake: make(chan struct{}, 1), stop: stop}
	r.client = &http.Client{Transport: o.Transport, CheckRedirect: sameHost}
	if o.Transport == nil {
		r.own = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10}
		r.client.Transport = r.own
	}
	r.begin()
	r.work.Go(func() { r.run(ctx) }) // until ctx ends
	return r
}

// sameHost refuses redirects to elsewhere: whose keys are trusted says the
// configuration.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) > mostRedirects {
		return errors.New("too many redirects")
	}
	if from := via[0].URL; req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
		return fmt.Errorf("a redirect to %s://%s, which is another server", req.URL.Scheme, req.URL.Host)
	}
	return nil
}

// ring returns the keys that are known.
func (r *remote) ring() ring {
	if known := r.known.Load(); known != nil {
		return *known
	}
	return nil
}

// close ends the goroutine and waits for it.
func (r *remote) close() {
	r.stop()
	r.work.Wait()
}

// run fetches until ctx ends.
func (r *remote) run(ctx context.Context) {
	defer r.end()
	retry := firstRetry
	for ctx.Err() == nil {
		r.begin()
		wait := r.refresh
		if err := r.fetch(ctx); err != nil {
			wait = min(r.refresh, renewInterval)
			if r.known.Load() == nil {
				wait, retry = min(wait, retry), retry*2
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// begin notes that a fetch begins. Who woke for it has got it.
func (r *remote) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.wake:
	default:
	}
	r.began = time.Now()
	if r.current == nil {
		r.current = make(chan struct{})
	}
}

// end says that there will be no fetch any more.
func (r *remote) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.current != nil {
		close(r.current)
		r.current = nil
	}
	if r.own != nil {
		r.own.CloseIdleConnections()
	}
}

// fetch has the keys, and tells who waits.
func (r *remote) fetch(ctx context.Context) error {
	all, err := r.get(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return err
	}
	switch {
	case err == nil:
		r.known.Store(&all)
		if r.err != nil {
			r.log.Info("keys can be had again", "url", r.url, "keys", len(all))
		}
	case r.err == nil || r.err.Error() != err.Error():
		r.log.Warn("keys cannot be had, those that are known stay", "url", r.url, "err", err)
	}
	r.err = err
	close(r.current)
	r.current = nil
	return err
}

// get asks for the keys.
func (r *remote) get(ctx context.Context) (ring, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s, want 200", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the answer is cut: %w", err)
	}
	if len(data) > mostKeyBytes {
		return nil, fmt.Errorf("the answer has more than %d bytes", mostKeyBytes)
	}
	return parseSet(data)
}

// Reasons why it is not known whether there are newer keys.
var (
	errSlow   = errors.New("the keys do not come in time")
	errClosed = errors.New("the verifier is closed")
)

// renew waits for a fetch, if it is time for one or one is under way. What a fetch
// said a moment ago is taken for what it would say.
func (r *remote) renew(ctx context.Context) (ring, error) {
	if done := r.ask(); done != nil {
		timer := time.NewTimer(renewPatience)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
			return nil, errSlow
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	return r.ring(), r.err
}

// ask has the keys fetched, if it is time to, and returns what is closed when
// that is done, or nil if there is nothing to wait for.
func (r *remote) ask() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil && !r.closed && time.Since(r.began) >= renewInterval {
		r.current, r.began = make(chan struct{}), time.Now()
		r.wake <- struct{}{} // there is room: who wakes begins, and takes it
	}
	return r.current
}
