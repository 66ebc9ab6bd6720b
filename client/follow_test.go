package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

func TestFollowResumesAfterTheLastPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream("id: 1-5\n\n", frame(6), frame(7)),
			stream("id: 1-7\n\n", frame(8), "id: 1-20\n\n", "id: 1-21\ndata: cut"),
			stream("id: 1-20\n\n", frame(21)),
		}}
		got := follow(t, s, client.Stream{Name: "agui", User: "alice", FromStart: true}, client.Options{})
		check(t, "seen", got, `
6 {"n":6}
7 {"n":7}
retry: <nil>
8 {"n":8}
retry: <nil>
21 {"n":21}
retry: <nil>`)
		check(t, "asked", strings.Join(s.asked, "\n"), `
/v1/stream/agui?from=start&user=alice 
/v1/stream/agui?user=alice 1-7
/v1/stream/agui?user=alice 1-20
/v1/stream/agui?user=alice 1-21`)
	})
}

func TestFollowAsksForWhatIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after, err := tidings.ParseID(at(1, 9))
		if err != nil {
			t.Fatal(err)
		}
		s := &script{answers: []func(context.Context) *http.Response{nil}}
		follow(t, s, client.Stream{
			Name: "own", Sessions: []string{"a", "b&c"}, Types: []string{"X", "Y"}, After: after, FromStart: true,
		}, client.Options{})
		check(t, "asked", strings.Join(s.asked, "\n"), `
/v1/stream/own?after=1-9&session=a&session=b%26c&types=X%2CY 
/v1/stream/own?after=1-9&session=a&session=b%26c&types=X%2CY `)
	})
}

func TestFollowNeverRepeatsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream(frame(1), frame(2), frame(2), frame(1), "id: 1-1\n\n", frame(3)),
			stream(frame(2), frame(3), frame(4)),
		}}
		got := follow(t, s, client.Stream{Name: "agui"}, client.Options{})
		check(t, "seen", strings.ReplaceAll(got, "retry: <nil>\n", ""), `
1 {"n":1}
2 {"n":2}
3 {"n":3}
4 {"n":4}`)
	})
}

func TestFollowGoesOnAfterLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream(frame(40)),
			stream("event: tidings.lost\nid: 2-1\n"+`data: {"after":"1-40","oldest":"2-1","reason":"foreign"}`+"\n\n",
				"id: 2-2\ndata: {}\n\n"),
		}}
		got := follow(t, s, client.Stream{Name: "agui"}, client.Options{})
		check(t, "seen", got, `
40 {"n":40}
retry: <nil>
error: tidings: events after 1-40 may be lost (foreign), continuing after 2-1
2 {}
retry: <nil>`)
		check(t, "last asked", s.asked[len(s.asked)-1], "/v1/stream/agui 2-2")
	})
}

func TestFollowSkipsFramesItDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream(": connected\n\nretry: 10\n\n", "event: heartbeat\ndata: {}\n\n", "event: new\nid: x\ndata: {}\n\n", frame(1)),
		}}
		got := follow(t, s, client.Stream{Name: "agui"}, client.Options{})
		check(t, "seen", got, "1 {\"n\":1}\nretry: <nil>")
	})
}

func TestFollowTakesSilenceForDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{silent(frame(1)), silent(": only a comment\n\n"), stream(frame(2))}}
		began := time.Now()
		got := follow(t, s, client.Stream{Name: "agui"}, client.Options{})
		check(t, "seen", got, `
1 {"n":1}
retry: nothing was heard for too long: read event stream: context canceled
retry: nothing was heard for too long: read event stream: context canceled
2 {"n":2}
retry: <nil>`)
		if took := time.Since(began); took < 90*time.Second || took > 100*time.Second {
			t.Errorf("took %v, want twice 45 s and the waits", took)
		}
	})
}

func TestFollowDoesNotWatchWhileTheCallerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{slow(frame(1), frame(2))}}
		c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, err := range c.Follow(t.Context(), client.Stream{Name: "agui"}) {
			if err != nil {
				t.Fatal(err)
			}
			seen++
			time.Sleep(time.Hour)
		}
		if seen != 2 || len(s.asked) != 2 {
			t.Errorf("saw %d events over %d connections, want 2 over 2 (the second gets 204)", seen, len(s.asked))
		}
	})
}

func TestFollowWaitsLongerWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		s := &script{answers: []func(context.Context) *http.Response{
			stream("retry: 2000\n\n", frame(1)), nil, stream("id: 1-1\n\n"), nil, stream(frame(2)), nil,
		}}
		c, err := client.New("http://hub.test", &client.Options{
			HTTPClient: &http.Client{Transport: s},
			Hooks:      client.Hooks{Retrying: func(_ error, wait time.Duration) { waits = append(waits, wait) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range c.Follow(t.Context(), client.Stream{Name: "agui"}) {
		}
		bases := []time.Duration{2, 4, 8, 16, 2, 4} // the stream without progress does not reset
		if len(waits) != len(bases) {
			t.Fatalf("waits %v", waits)
		}
		for i, wait := range waits {
			if base := bases[i] * time.Second; wait < base || wait > base*3/2 {
				t.Errorf("wait %d is %v, want %v to half as much again", i, wait, base)
			}
		}
	})
}

// lasting returns a stream on which nothing happens for a minute.
func lasting() func(context.Context) *http.Response {
	return func(ctx context.Context) *http.Response {
		r := stream()(ctx)
		reader, writer := io.Pipe()
		go func() {
			for range 4 {
				time.Sleep(15 * time.Second)
				if _, err := io.WriteString(writer, ": keep-alive\n\n"); err != nil {
					return
				}
			}
			writer.Close()
		}()
		r.Body = reader
		return r
	}
}

// A quiet stream that something cuts every minute is no failure that repeats.
func TestFollowComesBackSoonAfterQuietStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []func(context.Context) *http.Response{
			stream(frame(1)), lasting(), lasting(), lasting(), lasting(), lasting(), lasting(),
		}}
		var waits []time.Duration
		c, err := client.New("http://hub.test", &client.Options{
			HTTPClient: &http.Client{Transport: s},
			Hooks:      client.Hooks{Retrying: func(_ error, wait time.Duration) { waits = append(waits, wait) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range c.Follow(t.Context(), client.Stream{Name: "agui"}) {
		}
		if len(waits) != 7 {
			t.Errorf("%d waits, want 7", len(waits))
		}
		for i, wait := range waits {
			if wait > 2*time.Second {
				t.Errorf("wait %d of %d is %v", i, len(waits), wait)
			}
		}
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		for _, s := range []*script{
			{answers: []func(context.Context) *http.Response{silent(frame(1))}},
			{answers: []func(context.Context) *http.Response{answer(503, "Retry-After: 300", "")}},
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, why)
			c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
			if err != nil {
				t.Fatal(err)
			}
			var last error
			for _, last = range c.Follow(ctx, client.Stream{Name: "agui"}) {
			}
			if !errors.Is(last, why) {
				t.Errorf("ended with %v, want the cause", last)
			}
			cancel()
		}
	})
}

func TestFollowAsksForHeadersEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := &script{answers: []func(context.Context) *http.Response{stream(frame(1))}}
		got := follow(t, s, client.Stream{Name: "agui"}, client.Options{Header: func(_ context.Context, h http.Header) error {
			if calls++; calls == 2 {
				return errors.New("no token")
			}
			return nil
		}})
		check(t, "seen", got, "1 {\"n\":1}\nretry: <nil>\nerror: headers of the request: no token")
	})
}

func TestFollowUnwrapsEnvelopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ stream, data, want string }{
			{"contexts", `{"protocol":"a2a","event": {"a": 1} }`, `/a2a// {"a": 1} `},
			{"contexts", `{ "protocol":"a2a", "event":{"a":1}, "more":2}`, `/a2a//{"a":1}`},
			{"contexts", `{"protocol":"a2a","event":1,"more":2}`, `/a2a//1`},
			{"feed", `{"id":"1-1","user":"u","channel":"agui","session":"s","type":"T","data":{"<": "é"}}`, `u/agui/s/T{"<": "é"}`},
			{"agui", `{"protocol":"a2a","event":1}`, `/agui//{"protocol":"a2a","event":1}`},
			{"own", `1`, `///1`},
		} {
			s := &script{answers: []func(context.Context) *http.Response{stream("id: 1-1\ndata: " + tt.data + "\n\n")}}
			c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
			if err != nil {
				t.Fatal(err)
			}
			for e, err := range c.Follow(t.Context(), client.Stream{Name: tt.stream}) {
				got := fmt.Sprintf("%s/%s/%s/%s%s", e.User, e.Channel, e.Session, e.Type, e.Data)
				if got != tt.want || err != nil {
					t.Errorf("%s of %s: got %s, %v, want %s", tt.data, tt.stream, got, err, tt.want)
				}
			}
		}
	})
}
