package client_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

const figure = `data: {"type":"REAL_TIME_STATS","n":1}` + "\n\n"

func TestFollowYieldsFiguresWithoutMoving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream(figure, frame(1), figure, frame(2), figure),
			stream(figure),
		}}
		got := follow(t, s, client.Stream{Name: "analytics"}, client.Options{})
		check(t, "seen", got, `
0 {"type":"REAL_TIME_STATS","n":1}
1 {"n":1}
0 {"type":"REAL_TIME_STATS","n":1}
2 {"n":2}
0 {"type":"REAL_TIME_STATS","n":1}
retry: <nil>
0 {"type":"REAL_TIME_STATS","n":1}
retry: <nil>`)
		check(t, "asked", strings.Join(s.asked, "\n"), `
/v1/stream/analytics 
/v1/stream/analytics 1-2
/v1/stream/analytics 1-2`)
	})
}

func TestFollowYieldsFiguresOfTheFeed(t *testing.T) {
	record := `data: {"channel":"analytics","type":"REAL_TIME_STATS","time":"2026-11-21T08:00:00Z","data":{"n":1}}` + "\n\n"
	s := &script{answers: []func(context.Context) *http.Response{stream(record)}}
	c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Follow(t.Context(), client.Stream{Name: "feed", User: "alice"}) {
		got := fmt.Sprintf("%t %q %s %s %s", e.ID.IsZero(), e.User, e.Channel, e.Type, e.Data)
		if want := `true "" analytics REAL_TIME_STATS {"n":1}`; err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		break
	}
}

// Elsewhere an event without a position could not be resumed after.
func TestFollowRefusesEventsWithoutAPosition(t *testing.T) {
	for _, name := range []string{"agui", "a2a", "contexts", "own"} {
		s := &script{answers: []func(context.Context) *http.Response{stream(figure)}}
		got := follow(t, s, client.Stream{Name: name}, client.Options{})
		check(t, name, got, "error: read the answer: found an event without an id: is this a Tidings server?")
	}
}

// Frames of contexts: a state of everything, an event, and what is said of
// positions.
func state(n, seq int) string {
	return fmt.Sprintf("data: {\"protocol\":\"system\",\"event\":{\"state\":%d}}\nid: %s\n\n", seq, at(n, seq))
}

func change(n, seq int) string {
	return fmt.Sprintf("data: {\"protocol\":\"agui\",\"event\":{\"n\":%d}}\nid: %s\n\n", seq, at(n, seq))
}

func lost(after, oldest string) string {
	return fmt.Sprintf("event: tidings.lost\ndata: {\"after\":%q,\"oldest\":%q,\"reason\":\"expired\"}\n\n", after, oldest)
}

func position(n, seq int) string { return "id: " + at(n, seq) + "\n\n" }

func TestFollowTakesSnapshotsOfContexts(t *testing.T) {
	after, err := tidings.ParseID(at(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	told := func(after, oldest string) string {
		return fmt.Sprintf("error: tidings: events after %s may be lost (expired), continuing after %s\n", after, oldest)
	}
	for _, tt := range []struct {
		name        string
		after       tidings.ID
		streams     []string // of one connection each
		seen, asked string   // asked: positions presented, of the query in brackets
	}{
		{"at the beginning", tidings.ID{}, []string{state(1, 5) + change(1, 6)}, "5 state\n6 n\n", "none 1-6"},
		{"cut before it", tidings.ID{}, []string{": connected\n\n", state(1, 5)}, "5 state\n", "none none 1-5"},
		{"cut in the middle of it", tidings.ID{}, []string{state(1, 5)[:30], state(1, 6)}, "6 state\n", "none none 1-6"},
		{"of a log without events", tidings.ID{}, []string{state(1, 0) + change(1, 1)}, "0 state\n1 n\n", "none 1-1"},
		{"after a loss", after, []string{position(1, 5) + lost("1-5", "1-9") + state(1, 9) + change(1, 10)},
			told("1-5", "1-9") + "9 state\n10 n\n", "(1-5) 1-10"},
		{"at the position presented", after, []string{position(1, 5) + lost("1-5", "1-5") + state(1, 5) + change(1, 6)},
			told("1-5", "1-5") + "5 state\n6 n\n", "(1-5) 1-6"},
		{"of a younger log", after, []string{lost("1-5", "2-0") + state(2, 2) + change(2, 3)},
			told("1-5", "2-0") + "2 state\n3 n\n", "(1-5) 2-3"},
		{"cut after the notice", after, []string{
			position(1, 5) + lost("1-5", "1-9"), position(1, 5) + lost("1-5", "1-10") + state(1, 10) + change(1, 11),
		}, told("1-5", "1-9") + "10 state\n11 n\n", "(1-5)(1-5) 1-11"},
		{"cut after the notice twice", after, []string{lost("1-5", "1-9"), lost("1-5", "1-9"), lost("1-5", "1-9") + state(1, 9)},
			told("1-5", "1-9") + "9 state\n", "(1-5)(1-5)(1-5) 1-9"},
		{"cut after the notice, of an equal position", after, []string{lost("1-5", "1-5"), lost("1-5", "1-5") + state(1, 5)},
			told("1-5", "1-5") + "5 state\n", "(1-5)(1-5)(1-5)"},
		{"another server lost nothing", after, []string{lost("1-5", "1-9"), position(1, 5) + change(1, 6)},
			told("1-5", "1-9") + "6 n\n", "(1-5)(1-5) 1-6"},
		{"another server lost nothing and is quiet", after, []string{lost("1-5", "1-9"), position(1, 5) + position(1, 7), change(1, 8)},
			told("1-5", "1-9") + "8 n\n", "(1-5)(1-5) 1-7 1-8"},
		{"a position before it is passed by", after, []string{lost("1-5", "1-9") + position(1, 9), lost("1-5", "1-9") + state(1, 9)},
			told("1-5", "1-9") + "9 state\n", "(1-5)(1-5) 1-9"},
		{"in the middle of the stream", tidings.ID{}, []string{
			state(1, 5) + change(1, 6) + lost("1-6", "1-20") + state(1, 20) + change(1, 21) + change(1, 21)},
			"5 state\n6 n\n" + told("1-6", "1-20") + "20 state\n21 n\n", "none 1-21"},
		{"every loss is told", after, []string{
			lost("1-5", "1-9") + state(1, 9) + lost("1-9", "1-20") + state(1, 20), lost("1-20", "1-30") + state(1, 30)},
			told("1-5", "1-9") + "9 state\n" + told("1-9", "1-20") + "20 state\n" + told("1-20", "1-30") + "30 state\n", "(1-5) 1-20 1-30"},
		{"every loss is told, also at the same position", after, []string{
			lost("1-5", "1-5") + state(1, 5) + lost("1-5", "1-5") + state(1, 5), lost("1-5", "1-5") + state(1, 5)},
			strings.Repeat(told("1-5", "1-5")+"5 state\n", 3), "(1-5)(1-5)(1-5)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := new(script)
			for _, frames := range tt.streams {
				s.answers = append(s.answers, stream(frames))
			}
			got := follow(t, s, client.Stream{Name: "contexts", After: tt.after}, client.Options{})
			check(t, tt.name, kinds(strings.ReplaceAll(got, "retry: <nil>\n", "")), tt.seen)
			check(t, tt.name+": asked", presented(s.asked), tt.asked)
		})
	}
}

// kinds leaves of payloads only what they are.
func kinds(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		number, payload, found := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !found || number == "error:":
			b.WriteString(line)
		case strings.Contains(payload, "state"):
			b.WriteString(number + " state\n")
		default:
			b.WriteString(number + " n\n")
		}
	}
	return b.String()
}

// presented returns the positions of requests.
func presented(asked []string) string {
	var b strings.Builder
	for _, a := range asked {
		uri, header, _ := strings.Cut(a, " ")
		if _, query, found := strings.Cut(uri, "after="); found {
			b.WriteString("(" + query + ")")
			continue
		}
		b.WriteString(" " + cmp.Or(header, "none"))
	}
	return b.String()
}

func TestALossWithoutAPositionTellsWhereItGoesOn(t *testing.T) {
	s := &script{answers: []func(context.Context) *http.Response{stream(lost("1-5", "1-9"))}}
	c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Follow(t.Context(), client.Stream{Name: "contexts"}) {
		if l, ok := errors.AsType[*tidings.LostError](err); !ok || l.After.String() != "1-5" || l.Oldest.String() != "1-9" {
			t.Errorf("got %v", err)
		}
		break
	}
	s = &script{answers: []func(context.Context) *http.Response{stream(lost("1-5", ""))}}
	if got := follow(t, s, client.Stream{Name: "contexts"}, client.Options{}); !strings.Contains(got, "oldest") {
		t.Errorf("without oldest: %s", got)
	}
}
