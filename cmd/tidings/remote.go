package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/wire"
)

// remote are the flags of commands that talk to a server.
type remote struct {
	URLs   []string `name:"url" default:"http://127.0.0.1:8080" env:"TIDINGS_URL" placeholder:"URL" help:"The server (${default}), or the Unix socket it listens on, unix:PATH. May be given more than once, or with commas: other servers of the same log, which are asked where one does not serve."`
	User   string   `env:"TIDINGS_USER" placeholder:"NAME" help:"The owner of the events."`
	Bearer bearer   `embed:""`
}

// client returns a client of the servers.
func (r *remote) client(c *console, opts client.Options) (*client.Client, error) {
	if len(r.URLs) == 0 {
		return nil, usage("--url is empty: want an address such as http://127.0.0.1:8080")
	}
	var err error
	if opts.Header, err = r.Bearer.header(); err != nil {
		return nil, err
	}
	opts.Fallbacks = r.URLs[1:]
	hub, err := client.New(r.URLs[0], &opts)
	if err != nil {
		return nil, usage("--url: %v", err)
	}
	if opts.Header != nil {
		r.warn(c)
	}
	return hub, nil
}

// retrying returns a hook that says what goes on.
func (r *remote) retrying(c *console) func(error, time.Duration) {
	return func(err error, wait time.Duration) {
		if err == nil {
			c.note("the stream ended, going on in %s", round(wait))
			return
		}
		next := "trying again in " + round(wait).String()
		if wait == 0 && len(r.URLs) > 1 {
			next = "trying the next server"
		}
		c.note("%s; %s", explain(r.at(err)), next)
	}
}

// servers names the servers.
func (r *remote) servers() string { return strings.Join(r.URLs, ", ") }

// at says which server an error is about.
func (r *remote) at(err error) error {
	if err == nil {
		return nil
	}
	return &atError{r.asked(err), err}
}

// asked returns the server that a request was sent to, or all of them if the
// error does not tell.
func (r *remote) asked(err error) string {
	if request, ok := errors.AsType[*url.Error](err); ok {
		for _, base := range r.URLs {
			if strings.HasPrefix(request.URL, base) {
				return base
			}
		}
	}
	return r.servers()
}

// An atError is an error with a server.
type atError struct {
	url string
	err error
}

func (e *atError) Error() string { return e.err.Error() }

func (e *atError) Unwrap() error { return e.err }

// advice says what to do about a problem.
var advice = map[string]string{
	wire.UserMissing:    "add --user NAME, or start the server with --single-tenant",
	wire.SessionMissing: "add --session NAME",
	wire.Unauthorized:   "--token-file or TIDINGS_TOKEN has the token that says who asks",
	wire.UnknownChannel: "or start the server with --stream NAME=CHANNEL",
}

// explain says what was wrong and what to do.
func explain(err error) string {
	at, remote := errors.AsType[*atError](err)
	if op, ok := errors.AsType[*net.OpError](err); ok && remote && op.Op == "dial" {
		return fmt.Sprintf("cannot connect to %s: %v. Is `tidings serve` running there? Another address goes in --url", at.url, op.Err)
	}
	if p, ok := errors.AsType[*client.ProblemError](err); ok && advice[p.Kind] != "" {
		return fmt.Sprintf("%v (%s)", err, advice[p.Kind])
	}
	return err.Error()
}

// round shortens a duration for people.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
