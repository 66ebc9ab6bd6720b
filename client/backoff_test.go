package client_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// The wait grows as long as the position does not move, whatever else a server
// says: it may be one that accepts everybody and cuts everybody. A stream that
// lasted is no failure, and no success either.
func TestOnlyAMovedPositionEndsTheBackoff(t *testing.T) {
	after, err := tidings.ParseID(at(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		stream  string
		answers []func(context.Context) *http.Response
		bases   string // of the waits, in seconds
	}{
		{"refused", "agui", answers(nil, nil, nil, nil, nil, nil, nil), "1 2 4 8 16 30 30"},
		{"503", "agui", answers(answer(503, "", ""), answer(503, "", ""), answer(503, "", "")), "1 2 4"},
		{"empty", "agui", answers(stream(), stream(), stream()), "1 2 4"},
		{"comments", "agui", answers(stream(": connected\n\n"), stream(": connected\n\n")), "1 2"},
		{"position presented", "agui", answers(stream(position(1, 5)), stream(position(1, 5)), stream(position(1, 5))), "1 2 4"},
		{"older event", "agui", answers(stream(frame(4)), stream(frame(5)), stream(frame(3))), "1 2 4"},
		{"figures", "analytics", answers(stream(figure), stream(figure), stream(figure)), "1 2 4"},
		{"notices without a position", "contexts", answers(stream(lost("1-5", "1-9")), stream(lost("1-5", "1-9")), stream(lost("1-5", "1-9"))), "1 2 4"},
		{"half an event", "agui", answers(stream("id: 1-6\ndata: {}"), stream("id: 1-6\ndata: {}\n")), "1 2"},
		{"position", "agui", answers(nil, nil, stream(position(1, 6)), nil, stream(position(1, 7)), nil), "1 2 1 2 1 2"},
		{"event", "agui", answers(nil, nil, stream(frame(6)), nil, nil), "1 2 1 2 4"},
		{"loss with a position", "agui", answers(nil, nil, stream("event: tidings.lost\nid: 2-1\ndata: {\"after\":\"1-5\"}\n\n"), nil), "1 2 1 2"},
		{"lasting", "agui", answers(nil, nil, lasting(), lasting(), nil, nil), "1 2 1 1 4 8"},
		{"silence", "agui", answers(nil, nil, silent(), silent(": comment\n\n"), nil, nil), "1 2 1 1 4 8"},
		{"mute", "agui", answers(nil, nil, mute, mute, nil), "1 2 1 1 4"},
		{"what the server asked for", "agui", answers(stream("retry: 3000\n\n"), stream(), lasting(), stream(frame(6)), nil), "3 6 3 3 6"},
		{"nonsense it asked for", "agui", answers(stream("retry: 99999999999\n\n"), nil), "60 60"},
		{"no wait at all", "agui", answers(stream("retry: 0\n\n"+frame(6)), nil, nil), "0 0.2 0.4"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var waits []time.Duration
			c, err := client.New("http://hub.test", &client.Options{
				HTTPClient: &http.Client{Transport: &script{answers: tt.answers}},
				Hooks:      client.Hooks{Retrying: func(_ error, wait time.Duration) { waits = append(waits, wait) }},
			})
			if err != nil {
				t.Fatal(err)
			}
			sequence(t, c, client.Stream{Name: tt.stream, After: after})
			checkWaits(t, tt.name, waits, strings.Fields(tt.bases))
		})
	}
}

func answers(all ...func(context.Context) *http.Response) []func(context.Context) *http.Response {
	return all
}

// checkWaits compares waits with the least they may be; jitter adds up to half
// as much.
func checkWaits(t *testing.T, name string, waits []time.Duration, bases []string) {
	t.Helper()
	if len(waits) != len(bases) {
		t.Fatalf("%s: waits %v, want %v", name, waits, bases)
	}
	for i, wait := range waits {
		base, err := time.ParseDuration(bases[i] + "s")
		if err != nil {
			t.Fatal(err)
		}
		if wait < base || wait > base*3/2 {
			t.Errorf("%s: wait %d is %v, want %v to half as much again", name, i, wait, base)
		}
	}
}

func TestWaitsAreNotInStep(t *testing.T) {
	for _, headers := range []string{"", "Retry-After: 10"} {
		synctest.Test(t, func(t *testing.T) {
			seen := make(map[time.Duration]bool)
			for range 20 {
				c, err := client.New("http://hub.test", &client.Options{
					HTTPClient: &http.Client{Transport: &script{answers: answers(answer(503, headers, ""))}},
					Hooks:      client.Hooks{Retrying: func(_ error, wait time.Duration) { seen[wait] = true }},
				})
				if err != nil {
					t.Fatal(err)
				}
				sequence(t, c, client.Stream{Name: "agui"})
			}
			if len(seen) < 15 {
				t.Errorf("%q: 20 clients waited for %d different times", headers, len(seen))
			}
		})
	}
}
