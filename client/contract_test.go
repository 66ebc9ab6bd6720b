package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/nettest"
)

// contract are the cases of LaunchDarkly's sse-contract-tests that concern a
// client, in our own words: what a server does, and what has to come of it.
//
// Source: https://github.com/launchdarkly/sse-contract-tests, commit
// 81fc8203db9859ed49710c691da124219f318c3f, ssetests/tests_http_behavior.go and
// tests_reconnection.go. Those about decoding are in sse/testdata/contract.txt.
//
// Their ids are any text, ours are positions; so abc is 1-1 here and def is
// 1-2. Where a case is not ours, it says why.
var contract = []struct {
	name   string
	acts   []act
	stream string // agui if empty
	seen   string
	asked  string // positions
	notOur string
}{
	{name: "http: method and headers", notOur: "in form: TestContractOfRequests looks at the request"},
	{name: "http: 204 ends it", acts: []act{status(204, "", "")}, asked: "none"},
	{name: "http: a 301 is followed", acts: []act{status(301, "Location: /v1/stream/agui", ""), says(frame(1))}, seen: "1", asked: "none none 1-1"},
	{name: "http: a 301 with an empty location", acts: []act{status(301, "Location: ", "")}, seen: "server answered 301: Moved Permanently []", asked: "none"},
	{name: "http: a 301 without location", acts: []act{status(301, "", "")}, seen: "server answered 301: Moved Permanently []", asked: "none"},
	{name: "http: a 307 is followed", acts: []act{status(307, "Location: /v1/stream/agui", ""), says(frame(1))}, seen: "1", asked: "none none 1-1"},
	{name: "http: a 307 with an empty location", acts: []act{status(307, "Location: ", "")}, seen: "server answered 307: Temporary Redirect []", asked: "none"},
	{name: "http: a 307 without location", acts: []act{status(307, "", "")}, seen: "server answered 307: Temporary Redirect []", asked: "none"},
	{name: "http: headers of the caller's", notOur: "in form: TestContractOfRequests looks at the request"},
	{name: "http: POST", notOur: "streams are read with GET, and have no body"},
	{name: "http: REPORT", notOur: "streams are read with GET, and have no body"},
	{name: "http: an id at the beginning", notOur: "in form: Stream.After is asked for as a parameter, see TestFollowAsksForWhatIsWanted; the header is for what the stream told, which is newer"},
	{name: "again: because the caller says so", notOur: "a caller leaves the loop and follows anew, After the last event"},
	{name: "again: after the last id", acts: []act{says(frame(1)).then(abort)}, seen: "1", asked: "none 1-1"},
	{name: "again: after the last id that there was", stream: "analytics", acts: []act{says(frame(1) + figure).then(abort)}, seen: "1 0", asked: "none 1-1"},
	{name: "again: after the last id was taken back", acts: []act{says(frame(1) + "id: \ndata: {}\n\n").then(abort)}, seen: "1 strange", asked: "none",
		notOur: "a position is never taken back: what follows could not be resumed after. It is a strange answer"},
	{name: "again: with the body", notOur: "streams are read with GET, and have no body"},
	{name: "again: after silence", notOur: "in form: TestContractOfSilence sets it"},
	{name: "again: half a frame is forgotten", acts: []act{says(frame(1) + "id: 1-2\ndata: Goodbye").then(abort), says("id: 1-3\ndata: 3\n\n")}, seen: "1 3", asked: "none 1-1 1-3"},
	{name: "again: and it works", acts: []act{says(frame(1)).then(abort), says(frame(2))}, seen: "1 2", asked: "none 1-1 1-2"},
}

func TestContract(t *testing.T) {
	for _, tt := range contract {
		if tt.asked == "" {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			a := &acts{list: tt.acts}
			name := "agui"
			if tt.stream != "" {
				name = tt.stream
			}
			check(t, tt.name, outcome(t, over(t, a), name), tt.seen)
			check(t, tt.name+": asked", strings.Join(a.asked, ""), " "+tt.asked)
		})
	}
}

func TestContractOfRequests(t *testing.T) {
	var got *http.Request
	c, err := client.New("http://hub.test", &client.Options{
		HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(204, "", "")(r.Context()), nil
		})},
		Header: func(_ context.Context, h http.Header) error {
			h.Set("Header-Name-1", "value-1")
			h.Set("Header-Name-2", "value-2")
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sequence(t, c, client.Stream{Name: "agui"})
	var headers strings.Builder
	if err := got.Header.Write(&headers); err != nil {
		t.Fatal(err)
	}
	check(t, "request", got.Method+"\n"+strings.ReplaceAll(headers.String(), "\r", ""), `
GET
Accept: text/event-stream
Cache-Control: no-cache
Header-Name-1: value-1
Header-Name-2: value-2`)
}

func TestContractOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &acts{list: []act{says(frame(1)).then(hang)}}
		s := nettest.Serve(t, a, nil)
		began := time.Now()
		var first error
		c, err := client.New(s.URL, &client.Options{
			HTTPClient: s.Client, Silence: 500 * time.Millisecond,
			Hooks: client.Hooks{Retrying: func(err error, _ time.Duration) { first = errors.Join(first, err) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		check(t, "seen", sequence(t, c, client.Stream{Name: "agui"}), "1")
		check(t, "asked", strings.Join(a.asked, ""), " none 1-1")
		if took := time.Since(began); first == nil || took < 1500*time.Millisecond || took > 3*time.Second {
			t.Errorf("took %v, %v", took, first)
		}
	})
}
