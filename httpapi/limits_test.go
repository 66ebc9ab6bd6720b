package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// usage shows a limit as the figures have it.
func (a *api) usage(name string) string {
	a.t.Helper()
	var s struct{ Limits map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(a.get("/v1/stats").ok(a.t)), &s); err != nil {
		a.t.Fatal(err)
	}
	return string(s.Limits[name])
}

// expectUsage compares a limit as the figures have it.
func (a *api) expectUsage(name, want string) {
	a.t.Helper()
	if got := a.usage(name); got != want {
		a.t.Errorf("%s: got %s, want %s", name, got, want)
	}
}

// anybody lets everyone in who names himself, from wherever he comes.
func anybody(r *http.Request) (httpapi.Access, error) {
	user := r.URL.Query().Get("user")
	return httpapi.Access{Subject: user, Owner: user, Stats: true}, nil
}

func TestConnectionsInTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{Limits: httpapi.Limits{Connections: 3}}, nil)
		first := a.follow("/v1/stream/agui?user=u1")
		a.follow("/v1/stream/a2a?user=u2")
		lines := a.talk("/v1/publish/system?user=u3")
		refused := a.get("/v1/stream/agui?user=u4")
		refused.is(t, 503, wire.Unavailable)
		if !strings.Contains(refused.body, "has 3 connections") {
			t.Errorf("got %s", refused.body)
		}
		a.do("POST", "/v1/publish/system?user=u4", "", "Content-Type: application/x-ndjson", "Accept: application/x-ndjson").is(t, 503, wire.Unavailable)
		a.post("/v1/publish/system?user=u4", `{"type":"B"}`).ok(t) // which is over at once
		a.expectUsage("connections", `{"limit":3,"used":3,"refused":2}`)
		first.close()
		synctest.Wait()
		a.follow("/v1/stream/agui?user=u4")
		lines.vanish()
		synctest.Wait()
		a.follow("/v1/stream/agui?user=u5")
		a.expectUsage("connections", `{"limit":3,"used":3,"refused":2}`)
	})
}

// TestWhoIsRefusedForNowComesBackAtADifferentTime has many refused at once.
func TestWhoIsRefusedForNowComesBackAtADifferentTime(t *testing.T) {
	for name, limits := range map[string]httpapi.Limits{
		"total": {Connections: 1}, "rate": {ConnectionsPerSecond: 0.001, ConnectionsBurst: 1},
	} {
		a := serveHub(t, newHub(t, nil, nil), &httpapi.Options{Limits: limits})
		a.follow("/v1/stream/agui?user=alice")
		waits := make(map[int]int)
		for range 200 {
			res, err := a.client.Do(a.request("GET", "/v1/stream/agui?user=bob", ""))
			if err != nil {
				t.Fatal(err)
			}
			if !res.Close {
				t.Errorf("%s: the connection is kept", name)
			}
			refused := read(t, res)
			refused.is(t, 503, wire.Unavailable)
			after, err := strconv.Atoi(refused.header.Get("Retry-After"))
			if err != nil || after < 1 || after > 11 {
				t.Fatalf("%s: Retry-After is %q", name, refused.header.Get("Retry-After"))
			}
			waits[after]++
		}
		if len(waits) < 10 {
			t.Errorf("%s: after how many seconds how many come back: %v", name, waits)
		}
	}
}

func TestNewConnectionsASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := httpapi.Limits{ConnectionsPerSecond: 2, ConnectionsBurst: 5}
		a := serveInMemory(t, newHub(t, nil, &tidings.Options{MaxConnections: -1}), &httpapi.Options{Limits: limits}, nil)
		begin := func() (began int) {
			for range 10 {
				if a.get1("/v1/stream/agui?user=alice") == http.StatusOK {
					began++
				}
			}
			return began
		}
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 5}, {0, 0}, {500 * time.Millisecond, 1}, {time.Second, 2}, {time.Minute, 5}} {
			time.Sleep(step.wait)
			if got := begin(); got != step.want {
				t.Errorf("after %v %d began, want %d", step.wait, got, step.want)
			}
		}
		a.expectUsage("connections_per_second", `{"limit":2,"refused":37}`)
	})
}

// TestWhoIsRefusedUsesNothingUp has one at the cap of a subject, and one who may not
// read, ask again and again: others can still begin.
func TestWhoIsRefusedUsesNothingUp(t *testing.T) {
	limits := httpapi.Limits{Connections: 10, ConnectionsPerAddress: 10, ConnectionsPerSecond: 0.001, ConnectionsBurst: 2}
	a := serveHub(t, newHub(t, nil, &tidings.Options{MaxConnections: 1}), &httpapi.Options{Limits: limits, Authenticate: anybody})
	a.follow("/v1/stream/agui?user=alice")
	for range 50 {
		a.get("/v1/stream/agui?user=alice").is(t, 429, wire.TooManyConnections)
		a.get("/v1/stream/feed").is(t, 403, wire.Forbidden)
		a.get("/v1/stream/nope?user=bob").is(t, 404, wire.NotFound)
	}
	a.follow("/v1/stream/agui?user=bob")
	for range 50 {
		a.get("/v1/stream/agui?user=carol").is(t, 503, wire.Unavailable)
	}
	a.expectUsage("connections", `{"limit":10,"used":2,"refused":0}`)
	a.expectUsage("connections_per_address", `{"limit":10,"used":2,"refused":0}`)
	a.expectUsage("connections_per_subject", `{"limit":1,"used":1,"refused":50}`)
	a.expectUsage("connections_per_second", `{"limit":0.001,"refused":50}`)
}

// TestConnectionsOfAnAddress has clients come through a proxy that is trusted.
func TestConnectionsOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{
			Limits: httpapi.Limits{ConnectionsPerAddress: 2}, Authenticate: anybody,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		}, nil)
		from := func(address string) int {
			a.t.Helper()
			res, err := a.client.Do(a.request("GET", "/v1/stream/agui?user="+address, "", "X-Forwarded-For: "+address))
			if err != nil {
				t.Fatal(err)
			}
			a.t.Cleanup(func() { res.Body.Close() })
			return res.StatusCode
		}
		for _, step := range []struct {
			address string
			want    int
		}{
			{"198.51.100.7", 200}, {"198.51.100.7", 200}, {"198.51.100.7", 429}, {"198.51.100.8", 200},
			{"2001:db8::1", 200}, {"2001:db8::2:2", 200}, {"2001:db8:0:0:ffff::1", 429}, {"2001:db8:0:1::1", 200},
		} {
			if got := from(step.address); got != step.want {
				t.Errorf("%s: got %d, want %d", step.address, got, step.want)
			}
		}
		a.expectUsage("connections_per_address", `{"limit":2,"used":2,"refused":2}`)
		a.do("POST", "/v1/publish/system?user=u", "", "Content-Type: application/x-ndjson", "Accept: application/x-ndjson", "X-Forwarded-For: 198.51.100.7").
			is(t, 429, wire.TooManyConnections)
		a.h.Drain(canceled())
		synctest.Wait()
		a.expectUsage("connections_per_address", `{"limit":2,"used":0,"refused":3}`)
	})
}

// TestNobodyMakesRoomForWhoIsRefused has a subject at its cap ask for one more while
// too many begin.
func TestNobodyMakesRoomForWhoIsRefused(t *testing.T) {
	a := serveHub(t, newHub(t, nil, displacing(1)), &httpapi.Options{Limits: httpapi.Limits{ConnectionsPerSecond: 0.001, ConnectionsBurst: 1}})
	r := a.follow("/v1/stream/agui?user=alice")
	for range 10 {
		a.get("/v1/stream/agui?user=alice").is(t, 503, wire.Unavailable)
	}
	a.publish("alice", `1`)
	r.expect("at 0", "1 1")
}

func TestAddressesAndHeadersHaveASize(t *testing.T) {
	a := serve(t, &httpapi.Options{Limits: httpapi.Limits{URL: 1000, HeaderFields: 20, HeaderBytes: 2000}})
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("X-%d: x", i)
	}
	for _, route := range routes {
		a.call(route+"&types="+strings.Repeat("x", 1000)).is(t, 414, wire.URITooLong)
		a.call(route, many...).is(t, 431, wire.HeaderTooLarge)
		a.call(route, "Cookie: "+strings.Repeat("x", 2000)).is(t, 431, wire.HeaderTooLarge)
	}
	a.nothingHappened()
	a.get("/v1/stream/"+strings.Repeat("x", 1000)).is(t, 414, wire.URITooLong)
	a.expectUsage("url_bytes", `{"limit":1000,"refused":8}`)
	a.expectUsage("header_fields", `{"limit":20,"refused":7}`)
	a.expectUsage("header_bytes", `{"limit":2000,"refused":7}`)
}

func TestWithoutLimits(t *testing.T) {
	limits := httpapi.Limits{Connections: -1, ConnectionsPerAddress: -1, ConnectionsPerSecond: -1, Accepted: -1, EventsPerSecond: -1, URL: -1, HeaderFields: -1, HeaderBytes: -1}
	a := serve(t, &httpapi.Options{Limits: limits})
	a.follow("/v1/stream/agui?user=alice", "Cookie: "+strings.Repeat("x", 100_000)).close()
	for _, u := range a.h.Usage() {
		if u.Limit >= 0 && u.Name != "connections_per_subject" && u.Name != "replays" || u.Refused > 0 {
			t.Errorf("got %+v", u)
		}
	}
}

// TestLimitsHoldWhateverRaces has many come and go at once at every limit of
// connections: none is ever exceeded, and nothing of them is used up in the end.
func TestLimitsHoldWhateverRaces(t *testing.T) {
	for _, atCap := range []tidings.AtCap{tidings.RefuseNewest, tidings.EndOldest} {
		hub := newHub(t, nil, &tidings.Options{MaxConnections: 2, AtCap: atCap})
		a := serveHub(t, hub, &httpapi.Options{Limits: httpapi.Limits{Connections: 6, ConnectionsPerAddress: 5, ConnectionsPerSecond: 200, ConnectionsBurst: 50}})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for range 30 {
					a.get1("/v1/stream/agui?user=" + fmt.Sprint("u", i%4))
					if n := hub.Connections("agui").TotalConnections(); n > 6 {
						t.Errorf("%d connections", n)
					}
				}
			})
		}
		all.Wait()
		eventually(t, func() bool {
			for _, u := range a.h.Usage()[:3] {
				if u.Used != 0 {
					return false
				}
			}
			return true
		})
	}
}
