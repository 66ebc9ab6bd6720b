package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// Options are the options of New. Zero fields, and nil, mean the defaults.
type Options struct {
	// Fallbacks are the addresses of other servers of the same log. Where one
	// cannot serve a request the next is asked, and the Client stays with the
	// one that works. A Follow keeps its position, and what is published its
	// keys. None by default.
	Fallbacks []string
	// HTTPClient makes the requests. It must have no Timeout, which would cut
	// streams. By default the Client has its own. With another one a Publishing
	// over HTTP/1.1 whose connection ends before the answer begins may find out
	// after Timeout only.
	HTTPClient *http.Client
	// Header is called for every request, also for each retry, to add what
	// tells the server who is asking: Authorization, or Tidings-User in
	// development. Its error ends the call. It may be called concurrently.
	Header func(ctx context.Context, h http.Header) error
	// Patience is how long publishing goes on trying; 30 s by default. It
	// should stay below the server's key window, 2 minutes by default, after
	// which a retry could publish twice.
	Patience time.Duration
	// Timeout is how long one attempt to publish may take, or a Publishing may
	// wait for the next answer; by default 15 s, or less where Patience would not
	// suffice to ask every server.
	Timeout time.Duration
	// Silence is how long a stream may be without a byte before its connection
	// is taken for dead; three times the server's keep-alive, 45 s, by default.
	Silence time.Duration
	// Hooks are called at points of interest.
	Hooks Hooks
	// Logger gets what an operator acts on; nil discards it.
	Logger *slog.Logger
}

// Hooks are functions that a Client calls, from the goroutine of the call they
// are about, or of the Publishing. Any may be nil.
type Hooks struct {
	// Connected is called when a stream begins, the first time and again after
	// each reconnect.
	Connected func(stream string)
	// Retrying is called before the Client tries again, with what went wrong
	// and how long it waits before. The error is nil where a stream ended
	// without one, the wait is 0 where it turns to another server.
	Retrying func(err error, wait time.Duration)
}

// usualPatience is the default of Patience.
const usualPatience = 30 * time.Second

// withDefaults returns a copy of o with zero fields set.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	for _, d := range []struct {
		have *time.Duration
		def  time.Duration
	}{{&c.Patience, usualPatience}, {&c.Timeout, c.timeout()}, {&c.Silence, 3 * wire.HeartbeatInterval}} {
		if *d.have <= 0 {
			*d.have = d.def
		}
	}
	if c.Header == nil {
		c.Header = func(context.Context, http.Header) error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// timeout returns the default of Timeout.
func (o *Options) timeout() time.Duration {
	const usual = 15 * time.Second
	if len(o.Fallbacks) == 0 {
		return usual
	}
	return min(usual, cmp.Or(max(o.Patience, 0), usualPatience)/time.Duration(1+len(o.Fallbacks)))
}

// A Client talks to a Tidings server, or to several of one log. All methods
// may be called concurrently.
type Client struct {
	bases   []*url.URL
	current atomic.Int64 // index of the server that worked last
	http    *http.Client
	own     *http.Transport // of http, if New made it
	opts    Options
}

// New returns a Client of the server at base, such as "http://127.0.0.1:8080".
// A path in base is where the server's routes are mounted. That of a server on a
// Unix socket is "unix:" and the path of the socket; it needs the Client's own
// http.Client. New does not connect.
func New(base string, opts *Options) (*Client, error) {
	c, paths := &Client{opts: opts.withDefaults()}, make(sockets)
	for _, address := range append([]string{base}, c.opts.Fallbacks...) {
		u, err := parseBase(address, paths)
		if err != nil {
			return nil, err
		}
		c.bases = append(c.bases, u)
	}
	if c.http = c.opts.HTTPClient; c.http == nil {
		c.own = transport(paths)
		c.http = &http.Client{Transport: c.own}
	} else if len(paths) > 0 {
		return nil, errors.New("tidings: an HTTPClient does not connect to a server's address that begins with unix: leave it out, or let it connect to the socket whatever the address is")
	}
	return c, nil
}

// parseBase reads a server's address.
func parseBase(base string, paths sockets) (*url.URL, error) {
	if u, ok := paths.base(base); ok {
		return u, nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("tidings: server's address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("tidings: server's address %q: want one such as http://127.0.0.1:8080", base)
	}
	return u, nil
}

// transport returns what an own http.Client uses: the usual, but for
// compression, whose buffers hold back the events of a stream.
func transport(paths sockets) *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		t = new(http.Transport)
	}
	t = t.Clone()
	t.DisableCompression = true
	t.MaxIdleConnsPerHost = 16
	if t.DialContext == nil {
		t.DialContext = new(net.Dialer).DialContext
	}
	t.DialContext = telling(paths.dialing(t.DialContext))
	return t
}

// Close lets go of idle connections, unless they belong to an HTTPClient of
// the Options. The Client remains usable.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// request returns a request to the server at base, with the caller's headers.
// Name, if not empty, is the last part of the path.
func (c *Client) request(ctx context.Context, base *url.URL, method, path, name string, query url.Values, body io.Reader) (*http.Request, error) {
	u := base.JoinPath(path)
	if name != "" {
		u = u.JoinPath(url.PathEscape(name))
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	if err := c.opts.Header(ctx, req.Header); err != nil {
		return nil, &headerError{err}
	}
	return req, nil
}

// A headerError is the caller's own and is not retried.
type headerError struct{ err error }

func (e *headerError) Error() string { return "headers of the request: " + e.err.Error() }

func (e *headerError) Unwrap() error { return e.err }
