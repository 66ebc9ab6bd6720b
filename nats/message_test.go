package nats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

func FuzzEventsAreTheSameAsMessages(f *testing.F) {
	f.Add("alice", "k", "agui", "s", "TEXT", "00-01", []byte(`{}`))
	f.Add("", "", "tidings.control", "", "tidings.purged", "", []byte(`{}`))
	f.Add("a.*>", "é", "c", "猫", "", "", []byte("1"))
	f.Fuzz(func(t *testing.T, user, key, channel, session, kind, trace string, data []byte) {
		want := tidings.Event{
			User: user, Key: key, Channel: tidings.Channel(channel), Session: session, Type: kind, Trace: trace, Data: data,
		}
		stamp := time.Unix(0, 1_763_672_400_123_456_789)
		got, err := names("X").event(names("X").message(&want, stamp.UnixNano(), "a"), 7)
		if want.ID = tidings.NewID(stamp, 7); err != nil || !cmp.Equal(got, want, cmpopts.IgnoreUnexported(tidings.Event{}), cmp.AllowUnexported(tidings.ID{})) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzMessagesThatAreNoEventsAreRefused(f *testing.F) {
	f.Add("X.e.YWxpY2U", "1763672400123456789")
	f.Add("X.e.", "1")
	f.Add("X.e.-", "-1")
	f.Add("X.p", "")
	f.Add("Y.e.-", "1")
	f.Fuzz(func(t *testing.T, subject, stamp string) {
		m := &nats.Msg{Subject: subject, Header: nats.Header{stampHeader: {stamp}}}
		e, err := names("X").event(m, 1)
		if err == nil && subject != "X.p" && names("X").events(e.User) != subject {
			t.Errorf("%q was taken for one of %q", subject, e.User)
		}
	})
}
