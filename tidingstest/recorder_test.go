package tidingstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// numbered returns an event of u at a position.
func numbered(seq uint64) tidings.Event {
	e := text(fmt.Sprint(seq))
	e.ID = tidings.NewID(time.Unix(1, 0), seq)
	return e
}

func TestRecorder(t *testing.T) {
	at := func(seq uint64) tidings.ID { return numbered(seq).ID }
	changed := numbered(2)
	changed.Data = []byte("changed")
	stray := numbered(2)
	stray.User = "v"
	lost := func(after, oldest uint64) *tidings.LostError {
		return &tidings.LostError{After: at(after), Oldest: at(oldest), Reason: tidings.LostExpired}
	}
	for _, tt := range []struct {
		name  string
		after tidings.ID
		saw   []any // events, seqs and losses
		want  string
	}{
		{"all", tidings.ID{}, []any{1, 2, 3, 4}, ""},
		{"from the middle", at(2), []any{3, 4}, ""},
		{"missed at the end", tidings.ID{}, []any{1, 2, 3}, "w: missed 4"},
		{"missed in between", tidings.ID{}, []any{1, 4}, "w: missed 2; missed 3"},
		{"missed at the start", at(1), []any{3, 4}, "w: missed 2"},
		{"twice", tidings.ID{}, []any{1, 2, 2, 3, 4}, "w: saw again 2"},
		{"too early", at(2), []any{2, 3, 4}, "w: saw after 2 the earlier 2"},
		{"out of order", tidings.ID{}, []any{1, 3, 2, 4}, "w: saw after 3 the earlier 2"},
		{"changed", tidings.ID{}, []any{1, changed, 3, 4}, "w: saw   2; but it was 2"},
		{"not selected", tidings.ID{}, []any{1, stray, 3, 4}, "w: saw what it had not selected: 2"},
		{"not published", tidings.ID{}, []any{1, 2, 3, 4, 5}, "w: saw what nobody published: 5"},
		{"told of a loss", at(1), []any{lost(1, 3), 4}, ""},
		{"told of a loss, with a rest missing", at(1), []any{lost(1, 2), 4}, "w: missed 3"},
		{"told of a loss, resumed in the middle", tidings.ID{}, []any{1, lost(1, 2), 3, 4}, ""},
		{"told of a loss that was none", at(1), []any{lost(1, 2), 2, 3, 4}, "w: saw after 2 the earlier 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r tidingstest.Recorder
			for seq := range uint64(4) {
				r.Published(tidings.Receipt{ID: at(seq + 1)}, numbered(seq+1))
			}
			r.Subscribed("w", tidings.Selector{User: "u"}, tt.after)
			r.Subscribed("nobody", tidings.Selector{User: "nobody"}, tidings.ID{})
			for _, s := range tt.saw {
				switch s := s.(type) {
				case int:
					r.Saw("w", numbered(uint64(s)))
				case tidings.Event:
					r.Saw("w", s)
				case *tidings.LostError:
					r.Lost("w", s)
				}
			}
			check(t, "verdict", shorten(try(t, r.Check)), tt.want)
		})
	}
}

// shorten leaves of each event in the verdicts its Seq.
func shorten(verdicts []string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.Join(verdicts, "\n"), "\n\t") {
		line = strings.ReplaceAll(line, "1000000000-", "")
		line, _, _ = strings.Cut(line, " user=")
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func TestRecorderTrustsTheFirstReceipt(t *testing.T) {
	var r tidingstest.Recorder
	r.Subscribed("w", tidings.Selector{User: "u"}, tidings.ID{})
	r.Saw("w", numbered(1))
	again := text("another payload, the same key")
	r.Published(tidings.Receipt{ID: numbered(1).ID, Duplicate: true}, again)
	check(t, "before the first receipt", try(t, r.Check), []string(nil))
	r.Published(tidings.Receipt{ID: numbered(1).ID}, numbered(1))
	r.Published(tidings.Receipt{ID: numbered(1).ID, Duplicate: true}, again)
	check(t, "after it", try(t, r.Check), []string(nil))
}

func TestRecorderSaysOnlyTheFirstFewFaults(t *testing.T) {
	var r tidingstest.Recorder
	r.Subscribed("w", tidings.Selector{User: "u"}, tidings.ID{})
	for seq := range uint64(20) {
		r.Published(tidings.Receipt{ID: numbered(seq + 1).ID}, numbered(seq+1))
	}
	check(t, "verdict", shorten(try(t, r.Check)),
		"w: missed 1; missed 2; missed 3; missed 4; missed 5; and 15 faults more")
}
