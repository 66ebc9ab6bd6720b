package nats

import (
	"encoding/json"
	"fmt"
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
		got, err := names("X").event(names("X").message(&want, stamp.UnixNano()), 7)
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

// What is read of the usual answer at a glance is what it says as JSON.
func FuzzAnswersAreReadAsJSON(f *testing.F) {
	f.Add("T", uint64(7), "", 0)
	f.Add(`","seq":8}`, uint64(7), `,"duplicate":true`, 0)
	f.Add("T", uint64(7), `,"batch":"b","count":3`, 0)
	f.Add("T", uint64(0), "", 10071)
	f.Fuzz(func(t *testing.T, stream string, seq uint64, more string, refused int) {
		name, _ := json.Marshal(stream)
		text := fmt.Appendf(nil, `{"stream":%s,"seq":%d%s}`, name, seq, more)
		if refused > 0 {
			text = fmt.Appendf(nil, `{"error":{"err_code":%d,"description":%s},"stream":%s,"seq":0}`, refused, name, name)
		}
		var want ack
		if json.Unmarshal(text, &want) != nil {
			return // no answer of a server
		}
		got, ok := plainSeq(text)
		if ok && (want.Error != nil || want.Duplicate || got != want.Seq) {
			t.Errorf("%s: got %d, want %+v", text, got, want)
		}
	})
}
