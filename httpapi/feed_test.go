package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestFeedHoldsTheNewestAndWhereToGoOn(t *testing.T) {
	a := serve(t, nil)
	for i := range 600 {
		a.publish("alice", fmt.Sprint(i))
	}
	body := a.get("/v1/feed?user=alice").ok(t)
	got := payloads(t, body)
	if len(got) != 500 || got[0] != "100" || got[499] != "599" {
		t.Errorf("got %d from %s to %s", len(got), got[0], got[len(got)-1])
	}
	if got := payloads(t, a.get("/v1/feed?user=alice&limit=2").ok(t)); fmt.Sprint(got) != "[598 599]" {
		t.Errorf("got %v", got)
	}
	if got := payloads(t, a.get("/v1/feed?user=alice&limit=5000").ok(t)); len(got) != 600 {
		t.Errorf("got %d", len(got))
	}
	var feed wire.Feed
	if err := json.Unmarshal([]byte(body), &feed); err != nil {
		t.Fatal(err)
	}
	a.publish("alice", `"next"`)
	a.follow("/v1/stream/agui?user=alice&after="+feed.Cursor).expect("at 600", `601 "next"`)
	for _, limit := range []string{"0", "-1", "5001", "x", "1.5", "99999999999999999999"} {
		a.get("/v1/feed?user=alice&limit="+limit).is(t, 400, wire.Invalid)
	}
}

func TestFeedSelects(t *testing.T) {
	a := serve(t, nil)
	for i, e := range []tidings.Event{
		{User: "alice", Channel: "agui", Session: "s 1", Type: "A"},
		{User: "alice", Channel: "a2a", Session: "s/2", Type: "B"},
		{User: "bob", Channel: "agui", Session: "s 1", Type: "A"},
		{User: "alice", Channel: "analytics", Type: `q"\é<`},
	} {
		e.Data = fmt.Append(nil, i)
		a.publishEvent(e)
	}
	for path, want := range map[string]string{
		"/v1/feed":                               "[0 1 2 3]",
		"/v1/feed?user=alice":                    "[0 1 3]",
		"/v1/feed?user=nobody":                   "[]",
		"/v1/feed?types=A":                       "[0 2]",
		"/v1/feed?session=s%201":                 "[0 2]",
		"/v1/feed?user=alice&stream=contexts":    "[0 1]",
		"/v1/feed?user=alice&stream=feed":        "[0 1 3]",
		"/v1/sessions/s%201/feed?user=alice":     "[0]",
		"/v1/sessions/s%2F2/feed?user=alice":     "[1]",
		"/v1/sessions/s%2F2/feed?user=bob":       "[]",
		"/v1/sessions/s%201/feed?user=bob&types": "",
	} {
		res := a.get(path)
		if want == "" {
			res.is(t, 400, wire.Invalid)
			continue
		}
		if got := fmt.Sprint(payloads(t, res.ok(t))); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	a.get("/v1/feed?stream=nope").is(t, 404, wire.NotFound)
	var feed wire.Feed
	if err := json.Unmarshal([]byte(a.get("/v1/feed?stream=analytics").ok(t)), &feed); err != nil || feed.Events[0].Type != `q"\é<` {
		t.Errorf("got %v %+v", err, feed)
	}
}

func TestStats(t *testing.T) {
	a := serve(t, nil)
	a.publish("alice", `1`, `2`)
	var s wire.Stats
	if err := json.Unmarshal([]byte(a.get("/v1/stats?user=alice").ok(t)), &s); err != nil {
		t.Fatal(err)
	}
	if s.Published != 2 || s.Events != 2 || s.Users != 1 || s.Rings["s"] != 2 || !s.Log.OK || seq(s.Head) != "2" {
		t.Errorf("got %+v", s)
	}
	if body := a.get("/v1/stats").ok(t); strings.Contains(body, "rings") {
		t.Errorf("got %s", body)
	}
}

// The rings are those of the owner who is meant, however the request says so.
func TestRingsOfTheOwnerWhoIsMeant(t *testing.T) {
	own := httpapi.Access{Subject: "alice", Owner: "alice", Stats: true}
	for _, tt := range []struct {
		opts  *httpapi.Options
		path  string
		rings string
	}{
		{nil, "/v1/stats", ""},
		{nil, "/v1/stats?user=nobody", `"rings":{}`},
		{&httpapi.Options{SingleTenant: true}, "/v1/stats", `"rings":{"s":1}`},
		{&httpapi.Options{SingleTenant: true}, "/v1/stats?user=alice", `"rings":{"s":2}`},
		{&httpapi.Options{Authenticate: always(own)}, "/v1/stats", `"rings":{"s":2}`},
		{&httpapi.Options{Authenticate: always(httpapi.Access{Stats: true})}, "/v1/stats", ""},
	} {
		a := serve(t, tt.opts)
		a.publish("alice", `1`, `2`)
		a.publish("", `3`)
		if body := a.get(tt.path).ok(t); !strings.Contains(body, tt.rings) || tt.rings == "" && strings.Contains(body, "rings") {
			t.Errorf("%s: got %s, want %s", tt.path, body, tt.rings)
		}
	}
	a := serve(t, &httpapi.Options{Authenticate: always(own)})
	a.get("/v1/stats?user=bob").is(t, 403, wire.Forbidden)
	a = serve(t, nil)
	a.publish("alice", `1`)
	if body := a.get("/v1/stats", "Tidings-User: alice").ok(t); !strings.Contains(body, `"rings":{"s":1}`) {
		t.Errorf("got %s", body)
	}
}

func TestStatsTellConnections(t *testing.T) {
	a := serve(t, nil)
	a.follow("/v1/stream/agui?user=alice")
	a.follow("/v1/stream/agui?user=bob")
	a.follow("/v1/stream/feed")
	for path, want := range map[string]string{
		"/v1/stats":            `"connections":{"agui":{"users":2,"connections":2},"feed":{"users":1,"connections":1}}`,
		"/v1/stats?user=alice": `"connections":{"agui":{"users":2,"connections":2,"own":1},"feed":{"users":1,"connections":1,"own":0}}`,
	} {
		if body := a.get(path).ok(t); !strings.Contains(body, want) {
			t.Errorf("%s: got %s, want %s", path, body, want)
		}
	}
}
