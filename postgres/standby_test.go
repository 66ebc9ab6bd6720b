package postgres_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// either returns a URL that leads to whichever of two servers can be written.
func either(t *testing.T, a, b string) string {
	t.Helper()
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	u.Host += "," + v.Host
	u.RawQuery += "&target_session_attrs=read-write"
	return u.String()
}

func openAt(t *testing.T, where string, opts *postgres.Options) *postgres.Log {
	t.Helper()
	l, err := postgres.Open(t.Context(), where, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestALogOnAStandbyReadsAndSaysThatItIsReadOnly(t *testing.T) {
	primary := pgtest.New(t, nil)
	first := openAt(t, primary.URL("postgres"), nil)
	before := keep(t, first, note("alice", 1))
	standby := primary.Standby(t)
	var lines journal
	l := openAt(t, standby.URL("postgres"), &postgres.Options{
		Poll: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&lines, nil)),
	})

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	told := false
	for batch, err := range l.Tail(ctx, before[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Events) > 0 {
			break
		}
		if !told {
			told = true
			keep(t, first, note("alice", 2))
		}
	}
	began := time.Now()
	_, err := l.Append(ctx, []tidings.Event{note("alice", 3)})
	if !errors.Is(err, tidings.ErrReadOnly) || !strings.Contains(err.Error(), "target_session_attrs") || time.Since(began) > patience/3 {
		t.Errorf("Append: got %v after %v", err, time.Since(began))
	}
	if err := l.Health().Err; !errors.Is(err, tidings.ErrReadOnly) {
		t.Errorf("Health: got %v", err)
	}
	if n := lines.count("database is read-only"); n != 1 {
		t.Errorf("said %d times that it is read-only:\n%s", n, lines.String())
	}

	standby.Promote(t)
	eventually(t, "an append to the promoted standby", func() bool {
		_, err := l.Append(ctx, []tidings.Event{note("alice", 4)})
		return err == nil
	})
	eventually(t, "listening", func() bool { h := l.Health(); return h.Err == nil && h.Figures["listening"] == 1 })
}

func TestAnOlderStandbyThatIsPromotedIsToldOf(t *testing.T) {
	primary := pgtest.New(t, nil)
	l := openAt(t, primary.URL("postgres"), nil)
	kept := keep(t, l, note("alice", 1))
	standby := primary.Standby(t)
	reader := openAt(t, standby.URL("postgres"), nil)
	eventually(t, "the standby has the event", func() bool {
		_, head, err := reader.Bounds(t.Context())
		return err == nil && head == kept[0].ID
	})
	standby.Exec(t, "ALTER SYSTEM SET primary_conninfo = ''")
	standby.Exec(t, "SELECT pg_reload_conf()")
	eventually(t, "the standby follows nobody", func() bool {
		return connect(t, standby.URL("postgres")).number("SELECT count(*) FROM pg_stat_wal_receiver") == 0
	})

	hub, err := tidings.New(t.Context(), openAt(t, either(t, primary.URL("postgres"), standby.URL("postgres")), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.After(kept[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	lost := keep(t, l, note("alice", 2))
	for what, seq := range map[string]iter.Seq2[tidings.Batch, error]{
		"Read": reader.Read(t.Context(), everything, lost[0].ID), "Tail": reader.Tail(t.Context(), lost[0].ID),
	} {
		for _, err := range seq {
			if !errors.Is(err, tidings.ErrUnavailable) || errors.Is(err, tidings.ErrForeign) {
				t.Errorf("%s of what the standby does not have yet: got %v", what, err)
			}
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for e, err := range sub.Events(ctx) {
		if err != nil || e.ID != lost[0].ID {
			t.Fatalf("got %v, %v", e.ID, err)
		}
		break
	}
	primary.Stop(t, pgtest.Immediate)
	standby.Promote(t)

	for e, err := range sub.Events(ctx) {
		if !errors.Is(err, tidings.ErrReplaced) {
			t.Fatalf("after the promotion got %v, %v, want %v", e.ID, err, tidings.ErrReplaced)
		}
		break
	}
	var now tidings.Receipt
	eventually(t, "publishing on the new primary", func() bool {
		now, err = hub.Publish(ctx, note("alice", 3))
		return err == nil
	})
	again, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.After(lost[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var got []tidings.ID
	for e, err := range again.Events(ctx) {
		if tidings.IsLost(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.ID); e.ID == now.ID {
			break
		}
	}
	if told := again.Lost(); told == nil || told.Reason != tidings.LostForeign || len(got) != 2 || got[0] != kept[0].ID {
		t.Errorf("told %v, then got %v, want what the standby had", told, got)
	}
}
