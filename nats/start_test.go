package nats_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// soon is how long Open may take where waiting would not help.
const soon = 15 * time.Second

// wantRefusal reports if Open does not refuse at once, and say what is wrong.
func wantRefusal(t testing.TB, url string, opts *nats.Options, more []client.Option, says ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	l, err := nats.Open(ctx, url, opts, more...)
	if err == nil {
		l.Close()
		t.Fatal("it opens")
	}
	if ctx.Err() != nil {
		t.Errorf("it waits: %v", err)
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "sw0rdfish") {
		t.Errorf("%v has a password", err)
	}
}

// A record is what was logged.
type record struct {
	mu   sync.Mutex // guards what follows
	said strings.Builder
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(b)
}

// times returns how often something was logged.
func (r *record) times(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.said.String(), what)
}

func (r *record) logger() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

func TestOpenWaitsForAServer(t *testing.T) {
	p := natstest.NewProcess(t, t.TempDir())
	p.Kill()
	var r record
	opened := make(chan error, 1)
	go func() { // ends with Open
		l, err := nats.Open(t.Context(), strings.Replace(p.URL(), "//", "//a:sw0rdfish@", 1), &nats.Options{Logger: r.logger()})
		if err == nil {
			err = l.Close()
		}
		opened <- err
	}()
	waitFor(t, "attempts", func() bool { return r.times("waiting for NATS") >= 2 })
	p.Start(t)
	if err := <-opened; err != nil {
		t.Error(err)
	}
	if n := r.times("waiting for NATS"); n > 6 {
		t.Errorf("%d attempts were made", n)
	}
	if r.times("sw0rdfish") > 0 {
		t.Error("the password was logged")
	}
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := nats.Open(ctx, "nats://127.0.0.1:1", nil)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, tidings.ErrUnavailable) || !strings.Contains(err.Error(), "see that nats-server runs there") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesBadURLs(t *testing.T) {
	for _, url := range []string{
		"nats://a:sw0rd%fish@h:4222", "nats://a:sw0rdfish@h:port", "http://a:sw0rdfish@h", "nats://a:sw0rdfish@", "nats://h:4222,nats://b:sw0rdfish@:4222",
	} {
		wantRefusal(t, url, nil, nil, "invalid url", "want one such as nats://nats.example:4222")
	}
}

func TestOpenRefusesBadCredentials(t *testing.T) {
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.Username, o.Password = "tidings", "right" })
	wantRefusal(t, s.ClientURL(), nil, nil, "Authorization Violation", "check the credentials")
	wantRefusal(t, strings.Replace(s.ClientURL(), "//", "//tidings:sw0rdfish@", 1), nil, nil, "check the credentials")
	missing := filepath.Join(t.TempDir(), "tidings.creds")
	wantRefusal(t, s.ClientURL(), nil, []client.Option{client.UserCredentials(missing)}, missing, "the files of credentials")
	garbled := filepath.Join(t.TempDir(), "garbled.creds")
	if err := os.WriteFile(garbled, []byte("sw0rdfish"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, s.ClientURL(), nil, []client.Option{client.UserCredentials(garbled)})
	wantRefusal(t, s.ClientURL(), nil, []client.Option{client.UserInfo("tidings", "right"), client.Secure()}, "the server has no TLS")
}

func TestOpenRefusesAServerWithoutJetStream(t *testing.T) {
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.JetStream, o.MaxPayload = false, 1000 })
	wantRefusal(t, s.ClientURL(), nil, nil, "the server has no JetStream", "max_payload is 1000")
	s = natstest.Start(t, t.TempDir(), func(o *server.Options) {
		a := server.NewAccount("without")
		o.Accounts, o.Users = []*server.Account{a}, []*server.User{{Username: "u", Password: "sw0rdfish", Account: a}}
	})
	wantRefusal(t, s.ClientURL(), nil, []client.Option{client.UserInfo("u", "sw0rdfish")}, "the account has no JetStream")
}

// What is wrong with a server, an account and a stream is said at once.
func TestOpenSaysAllThatIsWrong(t *testing.T) {
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.MaxPayload = 1<<20 - 1 })
	b := newBackend(t, s.ClientURL())
	b.do(t, func(js jetstream.JetStream) error {
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: b.opts.Stream, Subjects: []string{b.opts.Stream + ".>"}, MaxAge: time.Hour, MaxBytes: 1000})
		return err
	})
	limit(t, s, server.JetStreamAccountLimits{MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1, MaxBytesRequired: true})
	b.proxy.Claim("2.11.9")
	wantRefusal(t, b.proxy.URL(), &b.opts, nil, "version is 2.11.9, want 2.12.3 or later", "max_payload is 1048575", "events of 1048576 bytes",
		"max_bytes of each stream", "max_age is 1h0m0s, want 0s", "allow_atomic is false, want true")
}

// limit sets limits of the account that all have who name none.
func limit(t *testing.T, s *server.Server, l server.JetStreamAccountLimits) {
	t.Helper()
	if err := s.GlobalAccount().UpdateJetStreamLimits(map[string]server.JetStreamAccountLimits{"": l}); err != nil {
		t.Fatal(err)
	}
}

func TestVersionsAreCompared(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	for version, enough := range map[string]bool{
		"2.12.0": false, "2.12.2": false, "1.99.99": false, "0.0.0": false, "new": false, "2.12.3": true, "2.12.10": true, "2.13.0": true, "2.15.2-RC.1": true, "3.0.0": true,
	} {
		b := newBackend(t, s.ClientURL())
		b.proxy.Claim(version)
		if !enough {
			wantRefusal(t, b.proxy.URL(), &b.opts, nil, "version is "+version)
			continue
		}
		b.open(t)
	}
}

func TestAnAccountThatHasLessRoomIsWarnedOf(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	limit(t, s, server.JetStreamAccountLimits{MaxMemory: -1, MaxStore: 1 << 30, MaxStreams: -1, MaxConsumers: -1})
	for retain, warned := range map[int64]int{0: 1, -1: 1, 1 << 30: 0, 1 << 20: 0} {
		var r record
		b := newBackend(t, s.ClientURL())
		b.opts.RetainBytes, b.opts.Logger = retain, r.logger()
		b.open(t)
		if n := r.times("the account has less room"); n != warned {
			t.Errorf("with %d bytes to retain it was warned of %d times, want %d", retain, n, warned)
		}
	}
}

// What a server does not permit it says so that one cannot tell who asked for it.
func TestOpenSaysWhatIsNotPermitted(t *testing.T) {
	for _, denied := range []string{"$JS.API.INFO", "$JS.API.STREAM.INFO.TIDINGS", "$JS.API.STREAM.CREATE.>", "$JS.API.DIRECT.GET.TIDINGS", "TIDINGS.>"} {
		t.Run(denied, func(t *testing.T) {
			s := natstest.Start(t, t.TempDir(), denying(denied))
			wantRefusal(t, s.ClientURL(), nil, []client.Option{client.UserInfo("u", "sw0rdfish")}, "Permissions Violation for Publish to \""+strings.TrimSuffix(denied, ">"), "permit that")
		})
	}
}

func TestATailSaysWhatIsNotPermitted(t *testing.T) {
	s := natstest.Start(t, t.TempDir(), denying("$JS.API.CONSUMER.>"))
	l, err := nats.Open(t.Context(), s.ClientURL(), nil, client.UserInfo("u", "sw0rdfish"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, err := range l.Tail(t.Context(), tidings.ID{}) {
		if err != nil && !strings.Contains(err.Error(), `Permissions Violation for Publish to "$JS.API.CONSUMER.CREATE.`) {
			t.Errorf("got %v", err)
		}
	}
}

// denying has a server with one user, who may not say something.
func denying(subject string) func(*server.Options) {
	return func(o *server.Options) {
		may := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{subject}}}
		o.Users = []*server.User{{Username: "u", Password: "sw0rdfish", Permissions: may}}
	}
}

// A server that nobody told otherwise takes all but the very largest events.
func TestAServerThatNeedsNoConfigurationIsTaken(t *testing.T) {
	var r record
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.MaxPayload = server.MAX_PAYLOAD_SIZE })
	b := newBackend(t, s.ClientURL())
	b.opts.Logger = r.logger()
	l := b.open(t)
	if r.times("raise the server's max_payload") != 1 {
		t.Error("it was not warned of")
	}
	large := events("")
	large[0].Data = []byte(`"` + strings.Repeat("x", 1<<20-2) + `"`)
	if _, err := l.Append(t.Context(), large); !errors.Is(err, tidings.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	large[0].Data = []byte(`"` + strings.Repeat("x", 1<<20-2500) + `"`)
	if _, err := l.Append(t.Context(), large); err != nil {
		t.Error(err)
	}
}

// The least max_payload that is not warned of is enough for an event that is as large as can be.
func TestTheLargestEventIsTaken(t *testing.T) {
	limits := tidings.DefaultLimits()
	s := natstest.Start(t, t.TempDir(), func(o *server.Options) { o.MaxPayload = int32(nats.Largest(limits)) })
	var r record
	b := newBackend(t, s.ClientURL())
	b.opts.Logger = r.logger()
	l := b.open(t)
	if r.times("max_payload") > 0 {
		t.Error("it was warned of")
	}
	name := strings.Repeat("x", limits.Name-1)
	event := func(n string) tidings.Event {
		return tidings.Event{
			User: name + n, Session: name + n, Key: name + n, Channel: tidings.Channel(strings.Repeat("c", limits.Type)), Type: strings.Repeat("t", limits.Type),
			Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Data: []byte(`"` + strings.Repeat("x", limits.Event-2) + `"`),
		}
	}
	for _, events := range [][]tidings.Event{{event("1")}, {event("2"), event("3"), event("4")}} {
		if _, err := l.Append(t.Context(), events); err != nil {
			t.Error(err)
		}
	}
}
