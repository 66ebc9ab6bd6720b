package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/herd"
	"github.com/tidings-dev/tidings/metrics"
	"github.com/tidings-dev/tidings/page"
)

// serve is "tidings serve".
type serve struct {
	Config         string         `env:"TIDINGS_CONFIG" placeholder:"FILE" help:"A YAML file with what is said here and is not said by flags or variables; \"tidings config --yaml\" prints one."`
	Addr           string         `default:"127.0.0.1:8080" env:"TIDINGS_ADDR" placeholder:"HOST:PORT" help:"Where to listen (${default}); port 0 takes a free one. Or a Unix socket, unix:PATH."`
	Listen         listening      `embed:"" group:"Who reaches it, and how:"`
	Log            string         `default:"nats" enum:"nats,memory,postgres" env:"TIDINGS_LOG" help:"Where events are kept: nats, in a directory or on a server of NATS, memory, which forgets with the process, or postgres (${default})."`
	Directory      directoryLog   `embed:"" group:"Events in a directory, the default:"`
	Retention      retention      `embed:"" group:"Events in a directory, the default:"`
	NATS           natsLog        `embed:"" prefix:"nats-" group:"Events on a server of NATS:"`
	Postgres       postgresLog    `embed:"" prefix:"postgres-" group:"Events in PostgreSQL (--log postgres):"`
	Auth           authentication `embed:"" prefix:"auth-" group:"Who may do what:"`
	SingleTenant   bool           `env:"TIDINGS_SINGLE_TENANT" help:"Events need no owner."`
	Streams        []stream       `name:"stream" sep:";" env:"TIDINGS_STREAM" placeholder:"NAME=CHANNEL,…" help:"A stream of your own, and its channels; may be given more than once, in the variable separated by semicolons."`
	Browsers       browsers       `embed:"" group:"Pages in browsers:"`
	MaxConnections int            `default:"10" env:"TIDINGS_MAX_CONNECTIONS" placeholder:"N" help:"How many connections a subject may have to a stream at a time (${default})."`
	Limits         limits         `embed:"" group:"Limits:"`
	Drain          time.Duration  `default:"10s" env:"TIDINGS_DRAIN" help:"How long clients have to leave when the server stops (${default})."`
	MaxAge         time.Duration  `default:"0s" env:"TIDINGS_MAX_AGE" help:"How long a stream lasts at most before its client has to connect again; 0s is for ever (${default})."`
	Retry          time.Duration  `default:"2s" env:"TIDINGS_RETRY" help:"How long clients wait, more or less, before they connect again (${default})."`
	Delivery       string         `default:"auto" enum:"auto,raw,portable" env:"TIDINGS_DELIVERY" help:"How streams are written: raw takes the least CPU and memory, where that can be (Linux, HTTP/1 without TLS), portable works everywhere, auto is raw or else portable (${default})."`
	Verbose        bool           `short:"v" env:"TIDINGS_VERBOSE" help:"Log the end of every stream, too."`
}

// Help is shown by --help.
func (serve) Help() string {
	return `Without authentication, which is how it starts, it serves programs on this machine only. With --auth-jwks-url, --auth-key-file or --auth-secret-file it serves who has a token, wherever he is.

Examples:

    tidings serve
    tidings serve --single-tenant                    # events without owners
    tidings serve --origin http://localhost:5173     # pages of a server for development
    tidings serve --stream builds=builds,system      # a stream and a channel of your own
    TIDINGS_ADDR=127.0.0.1:9000 tidings serve
    tidings serve --data-dir /var/lib/tidings --fsync always
    tidings serve --log memory
    TIDINGS_AUTH_SECRET="$(head -c 32 /dev/urandom | base64)" tidings serve
    tidings serve --addr :8080 --auth-jwks-url https://issuer.example/.well-known/jwks.json --auth-issuer https://issuer.example --auth-audience tidings
    TIDINGS_NATS_URL=nats://app:secret@nats.example tidings serve
    tidings serve --nats-url tls://nats.example --nats-creds app.creds --nats-replicas 3
    TIDINGS_POSTGRES_URL=postgres://app:secret@db.example/app tidings serve --log postgres

Events are kept in a directory, ./tidings-data if nothing else is said, and are there when it starts again. One server at a time can use a directory. The end of the process, whatever its reason, takes no event that was acknowledged; a power cut can take the last second, and with --fsync always nothing.

On a server of NATS, 2.12 or later with JetStream, or in a database any number of servers may share one log: publish to one, follow at another. The stream, or the tables in a schema of their own, are created where they are not there. Where the server or the database cannot be reached yet, the server says so and waits for it.

Ctrl-C ends it: no new streams begin, and those that run end one after the other, so that their clients do not all return at once. Ctrl-C again ends it at once.`
}

// A stream is a flag of the form name=channel,channel.
type stream struct{ tidings.Stream }

// UnmarshalText reads the flag. NewRouter checks the names.
func (s *stream) UnmarshalText(text []byte) error {
	name, channels, found := strings.Cut(string(text), "=")
	if !found || name == "" || channels == "" {
		return fmt.Errorf("%q: want NAME=CHANNEL,CHANNEL such as builds=builds,system", text)
	}
	s.Name = name
	for c := range strings.SplitSeq(channels, ",") {
		s.Channels = append(s.Channels, tidings.Channel(c))
	}
	return nil
}

// MarshalText returns what UnmarshalText reads.
func (s stream) MarshalText() ([]byte, error) {
	text := []byte(s.Name)
	for i, c := range s.Channels {
		text = append(append(text, "=,"[min(i, 1)]), c...)
	}
	return text, nil
}

// BeforeResolve has the file read that --config names.
func (s *serve) BeforeResolve(parsed *kong.Context, from *settings) error { return from.load(parsed) }

// validate reports all that cannot be, and else returns the table of streams.
func (s *serve) validate(parsed *kong.Context, from *settings) (*tidings.Router, error) {
	router, err := s.router()
	if err != nil {
		err = usage("--stream: %v", err)
	}
	return router, from.locate(parsed, errors.Join(s.Auth.resolve(parsed), s.check(), s.Browsers.check(s.authenticated()), s.checkLog(parsed), err))
}

// Run serves until a signal comes.
func (s *serve) Run(ctx context.Context, c *console, parsed *kong.Context, from *settings) error {
	router, err := s.validate(parsed, from)
	if err != nil {
		return err
	}
	from.warn(c, parsed.Model)
	r, err := s.open(ctx, c, router)
	if interrupted(err) {
		c.note("stopped before there was anything to serve")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	c.welcome(s, r)
	return s.listen(ctx, c, r)
}

// A running server is a hub with its routes, and where they are served.
type running struct {
	verifier        *auth.Verifier // nil if no tokens are asked for
	log             closer
	hub             *tidings.Hub
	listener, admin net.Listener // admin may be nil
	keyPair         *keyPair     // nil without TLS
	api             *httpapi.Handler
	figures         *metrics.Serving
}

// authenticate returns what says who asks, or nil if everybody on this machine
// may.
func (r *running) authenticate() func(*http.Request) (httpapi.Access, error) {
	if r.verifier == nil {
		return nil
	}
	return r.verifier.Authenticate
}

// url returns where the server is.
func (r *running) url() string {
	if r.keyPair != nil {
		return "https://" + r.listener.Addr().String()
	}
	return urlOf(r.listener)
}

// urlOf returns where a listener is that has no TLS.
func urlOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return unixPrefix + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// close ends what there is: the hub, then its log, and who listens.
func (r *running) close() (err error) {
	if r.hub != nil {
		err = r.hub.Close()
	}
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	if r.verifier != nil {
		r.verifier.Close()
	}
	for _, l := range []net.Listener{r.listener, r.admin} {
		if l != nil {
			_ = l.Close() // a server that ended has closed it
		}
	}
	return err
}

// open makes a hub and listens. The caller closes what is running.
func (s *serve) open(ctx context.Context, c *console, router *tidings.Router) (_ *running, err error) {
	logger, r, m := s.logger(c), new(running), new(memory)
	r.figures = metrics.NewServing(httpapi.ProblemNames(), httpapi.EndReasons())
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.verifier, err = s.Auth.verifier(ctx, logger); err != nil {
		return nil, err
	}
	if r.keyPair, err = s.Listen.keyPair(logger); err != nil {
		return nil, err
	}
	if err := s.occupy(ctx, r, router, logger); err != nil {
		return nil, err
	}
	r.hub, err = tidings.New(ctx, r.log, s.Limits.hub(&tidings.Options{Router: router, MaxConnections: s.MaxConnections, Logger: logger, Hooks: hooks(m, r.figures)}))
	if err != nil {
		return nil, err
	}
	opts := &httpapi.Options{
		Authenticate: r.authenticate(), AccessLifetime: s.Auth.MaxLifetime + s.Auth.Skew,
		SingleTenant: s.SingleTenant, DrainWindow: s.Drain * 4 / 5, Retry: s.Retry, MaxAge: s.MaxAge, Logger: logger,
		Anyone: s.Listen.AnyoneMayReadAndPublish, Page: page.Handler(), Metrics: s.publicFigures(r.hub, r.figures), Delivery: s.delivery(),
		Hooks: httpapi.Hooks{Refused: r.figures.Refused, Ended: r.figures.Ended, Delivered: r.figures.Delivered},
	}
	s.Browsers.apply(opts)
	r.api = httpapi.New(r.hub, s.Limits.api(opts))
	_ = r.hub.Go(m.giveBack) // it is open
	if s.Delivery == "raw" && !r.api.Raw() {
		return nil, fmt.Errorf("--delivery raw: this system has none, leave it to auto")
	}
	return r, nil
}

// hooks returns what tells of what happens in the hub.
func hooks(m *memory, figures *metrics.Serving) tidings.Hooks {
	h := m.hooks()
	h.Appended = figures.Appended
	return h
}

// occupy takes the addresses and opens the log. Who comes early is kept waiting as
// long as a server or a database is. A directory comes first: whether it can be
// had is known at once.
func (s *serve) occupy(ctx context.Context, r *running, router *tidings.Router, logger *slog.Logger) error {
	steps := []func() error{
		func() error { return s.bind(ctx, r) },
		func() error {
			log, err := s.openLog(ctx, router, logger)
			if err == nil {
				r.log = log
			}
			return err
		},
	}
	if s.embedded() {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// delivery returns how streams are written.
func (s *serve) delivery() httpapi.Delivery {
	if s.Delivery == "portable" {
		return httpapi.Portable
	}
	return httpapi.Raw
}

// check reports, before anything starts, all that cannot be.
func (s *serve) check() error {
	problems := []error{s.checkAddr(), s.Listen.check()}
	for _, c := range []struct {
		wrong bool
		what  error
	}{
		{s.MaxConnections < 1, usage("--max-connections %d: want at least 1", s.MaxConnections)},
		{s.Drain <= 0, usage("--drain %s: want a time such as 10s", s.Drain)},
		{s.MaxAge < 0, usage("--max-age %s: want a time such as 1h, or 0s for ever", s.MaxAge)},
		{s.Retry <= 0, usage("--retry %s: want a time such as 2s", s.Retry)},
	} {
		if c.wrong {
			problems = append(problems, c.what)
		}
	}
	return errors.Join(problems...)
}

// router returns the table of streams.
func (s *serve) router() (*tidings.Router, error) {
	var own []tidings.Stream
	for _, f := range s.Streams {
		own = append(own, f.Stream)
	}
	return tidings.NewRouter(own...)
}

// logger returns where the server's lines go.
func (s *serve) logger(c *console) *slog.Logger {
	level := slog.LevelInfo
	if s.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level}))
}

// listen serves until ctx ends, and then drains.
func (s *serve) listen(ctx context.Context, c *console, r *running) error {
	server, admin, served := s.server(c, r), s.adminServer(c, r), make(chan error, 2)
	herd.MakeRoom()
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() { served <- r.serveTo(server, r.listener) }) // ends with server.Close
	defer admin.Close()
	if r.admin != nil {
		serving.Go(func() { served <- admin.Serve(r.admin) }) // ends with admin.Close
	}
	var err error
	select {
	case err = <-served:
		_ = server.Close()
	case <-ctx.Done():
		c.note("stopping: streams end within %s; Ctrl-C again ends them at once", s.Drain)
		s.stop(ctx, c, server, r.api)
		err = <-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// stop lets streams end and requests finish, within the time there is.
func (s *serve) stop(ctx context.Context, c *console, server *http.Server, api *httpapi.Handler) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
	defer cancel()
	if err := api.Drain(ctx); err != nil {
		c.note("some streams were cut: %v", err)
	}
	_ = server.Shutdown(ctx) // what did not finish in time is closed
	_ = server.Close()
}
