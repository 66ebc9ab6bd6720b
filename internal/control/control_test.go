package control_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/control"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A server is one of several that share a log.
type server struct {
	*control.Control
	hub      *tidings.Hub
	revoked  atomic.Int64
	extended chan control.Extension
}

func start(t *testing.T, log tidings.Log) *server {
	t.Helper()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{hub: hub, extended: make(chan control.Extension, 10)}
	s.Control = control.New(hub, control.Options{
		Remember: 24 * time.Hour, Logger: slog.New(slog.DiscardHandler),
		Revoked: func() { s.revoked.Add(1) }, Extended: func(x *control.Extension) { s.extended <- *x },
	})
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// two has a test run with two servers of one log, in a bubble.
func two(t *testing.T, test func(t *testing.T, log *tidingstest.SliceLog, a, b *server)) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		a, b := start(t, log), start(t, log.Replica())
		defer a.hub.Close()
		defer b.hub.Close()
		test(t, log, a, b)
	})
}

func (s *server) revoke(t *testing.T, r control.Revocation) {
	t.Helper()
	if err := s.Revoke(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasRevokedIsRevokedEverywhere(t *testing.T) {
	two(t, func(t *testing.T, log *tidingstest.SliceLog, a, b *server) {
		before := time.Now()
		time.Sleep(time.Second)
		a.revoke(t, control.Revocation{Subject: "alice"})
		a.revoke(t, control.Revocation{Token: "t1"})
		if !a.Revoked("alice", "", before) {
			t.Error("who revoked does not know")
		}
		time.Sleep(time.Second)
		late := start(t, log.Replica())
		defer late.hub.Close()
		for name, s := range map[string]*server{"who revoked": a, "another": b, "one that started later": late} {
			for what, got := range map[string]bool{
				"of alice before":              s.Revoked("alice", "", before),
				"of alice in that second":      s.Revoked("alice", "", before.Add(1500*time.Millisecond)),
				"of alice before, with an id":  s.Revoked("alice", "t2", before),
				"of alice after":               !s.Revoked("alice", "", time.Now()),
				"of alice, nobody knows when":  !s.Revoked("alice", "", time.Time{}),
				"of bob before":                !s.Revoked("bob", "", before),
				"of bob, by the token":         s.Revoked("bob", "t1", time.Now()),
				"of bob, nobody knows when":    s.Revoked("bob", "t1", time.Time{}),
				"of bob, without a token's id": !s.Revoked("bob", "", time.Now()),
				"of nobody":                    !s.Revoked("", "", before),
			} {
				if !got {
					t.Errorf("%s: access %s is taken for what it is not", name, what)
				}
			}
		}
		if b.revoked.Load() == 0 {
			t.Error("the other server was not told")
		}
	})
}

func TestOldRevocationsAreForgottenWhenThereAreMany(t *testing.T) {
	two(t, func(t *testing.T, _ *tidingstest.SliceLog, a, _ *server) {
		a.revoke(t, control.Revocation{Token: "old"})
		time.Sleep(25 * time.Hour)
		for i := range 1000 {
			if !a.Revoked("", "old", time.Time{}) {
				t.Fatalf("forgotten after %d", i)
			}
			a.revoke(t, control.Revocation{Token: fmt.Sprint(i)})
		}
		if a.Revoked("", "old", time.Time{}) || !a.Revoked("", "0", time.Time{}) || !a.Revoked("", "999", time.Time{}) {
			t.Error("what is forgotten is not what is old")
		}
	})
}

func seal(t *testing.T, s *server, ticket control.Ticket) string {
	t.Helper()
	ticket.Until = time.Now().Add(30 * time.Second)
	text, err := s.Seal(t.Context(), &ticket)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATicketIsGoodOnEveryServerAndOnce(t *testing.T) {
	two(t, func(t *testing.T, _ *tidingstest.SliceLog, a, b *server) {
		text := seal(t, a, control.Ticket{Subject: "alice", Owner: "alice", Stream: "agui", Sessions: []string{"s"}})
		var used atomic.Int64
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				s := []*server{a, b}[i%2]
				ticket, err := s.Open(t.Context(), text)
				if err != nil || ticket.Subject != "alice" || ticket.Stream != "agui" || ticket.Sessions[0] != "s" {
					t.Errorf("got %+v, %v", ticket, err)
					return
				}
				switch err := s.Use(t.Context(), ticket); {
				case err == nil:
					used.Add(1)
				case !errors.Is(err, control.ErrTicket):
					t.Error(err)
				}
			})
		}
		if all.Wait(); used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}
	})
}

func TestWhatIsNoTicket(t *testing.T) {
	two(t, func(t *testing.T, _ *tidingstest.SliceLog, a, b *server) {
		text := seal(t, a, control.Ticket{Subject: "alice", Stream: "agui"})
		other := seal(t, b, control.Ticket{Subject: "bob", Stream: "agui"})
		id, sealed, _ := strings.Cut(text, ".")
		_, sealedOther, _ := strings.Cut(other, ".")
		for _, bad := range []string{
			"", ".", "x", id, id + ".", "." + sealed, "x." + sealed, text + "A", text[:len(text)-1], text + "=", text + "\n",
			id + "." + sealedOther[:20] + sealed[20:], id + "." + strings.ToUpper(sealed), id + "." + strings.Repeat("A", 10_000),
			strings.ToLower(id) + "." + sealed,
		} {
			if _, err := b.Open(t.Context(), bad); !errors.Is(err, control.ErrTicket) {
				t.Errorf("%q: got %v", bad, err)
			}
		}
		if _, err := b.Open(t.Context(), text); err != nil {
			t.Error(err)
		}
		time.Sleep(30 * time.Second)
		if _, err := b.Open(t.Context(), text); !errors.Is(err, control.ErrTicket) || !strings.Contains(err.Error(), "could be used until") {
			t.Errorf("after its time: got %v", err)
		}
	})
}

// Whoever makes tickets up does not have the log asked for each.
func TestMadeUpTicketsDoNotHaveTheLogAsked(t *testing.T) {
	two(t, func(t *testing.T, log *tidingstest.SliceLog, a, b *server) {
		good := seal(t, a, control.Ticket{Subject: "alice", Stream: "agui"})
		if _, err := b.Open(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, err := a.Open(t.Context(), "AAAAAAAA.AAAA"); !errors.Is(err, control.ErrTicket) {
			t.Error(err)
		}
		log.Break(errors.New("the log was asked"))
		for range 20 {
			if _, err := a.Open(t.Context(), "BBBBBBBB.AAAA"); !errors.Is(err, control.ErrTicket) {
				t.Error(err)
			}
		}
		time.Sleep(2 * time.Second)
		began := time.Now()
		if _, err := a.Open(t.Context(), "BBBBBBBB.AAAA"); err == nil || errors.Is(err, control.ErrTicket) || time.Since(began) > 3*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		if _, err := a.Open(t.Context(), good); err != nil {
			t.Error(err)
		}
		log.Restore()
	})
}

// Keys are had by all, and are not for ever.
func TestKeysOfTicketsChange(t *testing.T) {
	two(t, func(t *testing.T, _ *tidingstest.SliceLog, a, b *server) {
		key := func(s *server) string {
			id, _, _ := strings.Cut(seal(t, s, control.Ticket{}), ".")
			return id
		}
		first := key(a)
		time.Sleep(time.Second)
		if key(b) != first {
			t.Error("two servers have a key each")
		}
		time.Sleep(13 * time.Hour)
		text := seal(t, a, control.Ticket{})
		if strings.HasPrefix(text, first) {
			t.Error("a key is used for more than 12 hours")
		}
		if _, err := b.Open(t.Context(), text); err != nil {
			t.Error(err)
		}
	})
}

func TestAnExtensionReachesThoseWhoRun(t *testing.T) {
	two(t, func(t *testing.T, log *tidingstest.SliceLog, a, b *server) {
		x := control.Extension{Connection: "c", Subject: "alice", Stream: "agui", Expires: time.Now().Add(time.Hour)}
		if err := a.Extend(t.Context(), &x); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*server{a, b} {
			if got := <-s.extended; got.Connection != "c" || got.Subject != "alice" || !got.Expires.Equal(x.Expires) {
				t.Errorf("got %+v", got)
			}
		}
		late := start(t, log.Replica())
		defer late.hub.Close()
		time.Sleep(time.Second)
		if len(late.extended) > 0 {
			t.Error("who started later was told")
		}
	})
}

// Another log, such as a copy that was taken before, does not give access back.
func TestWhatWasRevokedStaysRevokedWhenTheLogIsReplaced(t *testing.T) {
	two(t, func(t *testing.T, log *tidingstest.SliceLog, a, b *server) {
		before, text := time.Now(), seal(t, a, control.Ticket{Subject: "alice", Stream: "agui"})
		a.revoke(t, control.Revocation{Token: "t1"})
		a.revoke(t, control.Revocation{Subject: "alice"})
		time.Sleep(time.Second)
		log.Replace()
		time.Sleep(5 * time.Second)
		for name, s := range map[string]*server{"who revoked": a, "another": b} {
			if !s.Revoked("", "t1", time.Time{}) || !s.Revoked("alice", "", before) {
				t.Errorf("%s lets in again who was revoked", name)
			}
			if _, err := s.Open(t.Context(), text); !errors.Is(err, control.ErrTicket) {
				t.Errorf("%s opens a ticket of which the other log does not know whether it was used: %v", name, err)
			}
		}
	})
}

// A server that does not know what was revoked does not guess.
func TestBeginWaitsForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		s := start(t, log)
		defer s.hub.Close()
		blind := control.New(s.hub, control.Options{Revoked: func() {}, Extended: func(*control.Extension) {}})
		log.Break(errors.New("down"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := blind.Begin(ctx); err == nil {
			t.Error("it begins without the log")
		}
	})
}

// What one server writes another, of another version, reads without harm.
func FuzzOpenAndApply(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"subject":1}`, `{"id":"a","secret":"AAAA"}`, `{"expires":"x"}`, "a.b", "AAAAAAAA.AAAA"} {
		f.Add(seed)
	}
	hub, err := tidings.New(context.Background(), nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { hub.Close() })
	c := control.New(hub, control.Options{Logger: slog.New(slog.DiscardHandler), Revoked: func() {}, Extended: func(*control.Extension) {}})
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := c.Open(t.Context(), text); err == nil {
			t.Errorf("%q is a ticket", text)
		}
		for _, owner := range []string{"tidings.control", "tidings.connections"} {
			for _, eventType := range []string{"access.revoked", "access.extended", "ticket.key"} {
				_, _ = hub.PublishReserved(t.Context(), tidings.Event{User: owner, Channel: tidings.Control, Type: eventType, Data: []byte(text)})
			}
		}
		if err := c.Begin(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
