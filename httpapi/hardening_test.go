package httpapi_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/wire"
)

var routes = []string{
	"/v1/stream/agui?user=a", "/v1/stream/feed?user=a", "/v1/feed?user=a", "/v1/sessions/s/feed?user=a", "/v1/stats?user=a",
	"/v1/events?user=a", "/v1/publish/system?user=a",
}

// others are the routes that it is not worth to call by themselves.
var others = []string{"/health/live", "/health/ready", "/v1/tickets", "/v1/revocations"}

// call makes the request that the route serves.
func (a *api) call(route string, headers ...string) answer {
	if strings.Contains(route, "events") || strings.Contains(route, "publish") {
		return a.post(route, `{"channel":"system","data":1}`, headers...)
	}
	return a.get(route, headers...)
}

func TestMalformedQueriesAreRefusedOnEveryRoute(t *testing.T) {
	a := serve(t, nil)
	for _, route := range routes {
		for _, q := range []string{
			"sesion=x", "User=b", "user=b", "user=a", "%zz=1", "a;b", "=x", "x", "sessions=s", "%00=1",
		} {
			a.call(route+"&"+q).is(t, 400, wire.Invalid)
		}
		for _, bad := range []string{"%0A", "%00", "%FF", "%20a", "a%20", "%E2%80%A8", strings.Repeat("a", 257)} {
			got := a.call(strings.Replace(route, "user=a", "user="+bad, 1))
			if (got.status != 400 || got.problem != wire.Invalid) && (got.status != 413 || len(bad) < 257) && !strings.Contains(route, "stats") {
				t.Errorf("%s with %s: got %d %s", route, bad, got.status, got.body)
			}
		}
	}
	a.nothingHappened()
}

func TestMalformedStreamRequests(t *testing.T) {
	a := serve(t, nil)
	many := "session=" + strings.Repeat("x&session=", 101) + "x"
	for q, problem := range map[string]string{
		"after=x": wire.BadPosition, "after=1": wire.BadPosition, "after=1-": wire.BadPosition, "after=0-1": wire.BadPosition,
		"after=-1-1": wire.BadPosition, "after=01-1": wire.BadPosition, "after=1-1-1": wire.BadPosition, "after=1%2D1%0A": wire.BadPosition,
		"after=1-99999999999999999999": wire.BadPosition, "after=9999999999999999999-1": wire.BadPosition, "after=%20": wire.BadPosition,
		"after=": wire.Invalid, "from=end": wire.Invalid, "from=": wire.Invalid, "from=start&after=1-1": wire.Invalid,
		"names=x": wire.Invalid, "heartbeat=x": wire.Invalid, "heartbeat=json": wire.Invalid, "types=": wire.Invalid, "types=a,,b": wire.Invalid,
		"types=%0A": wire.Invalid, "session=": wire.Invalid, "session=%0D": wire.Invalid, "after=1-1&after=1-1": wire.Invalid, many: wire.Invalid,
		"limit=1": wire.Invalid, "types=" + strings.Repeat("x", 129): wire.TooLarge,
	} {
		got := a.get("/v1/stream/agui?user=a&" + q)
		if got.problem != problem {
			t.Errorf("%.60s: got %d %s, want %s", q, got.status, got.body, problem)
		}
	}
	for _, id := range []string{"x", "0", "1763672400000000000-", "1763672400000000000-1 x", "é"} {
		a.get("/v1/stream/agui?user=a", "Last-Event-ID: "+id).is(t, 400, wire.BadPosition)
	}
	a.get("/v1/stream/agui?user=a", "Last-Event-ID: 1-1", "Last-Event-ID: 1-2").is(t, 400, wire.BadPosition)
	a.do("GET", "/v1/stream/agui?user=a", "body").is(t, 400, wire.Invalid)
	for _, name := range []string{"nope", "AGUI", "tidings.control", "%20", "agui%00", strings.Repeat("x", 5000), "a%2Fb", "%2e%2e"} {
		a.get("/v1/stream/"+name+"?user=a").is(t, 404, wire.NotFound)
	}
	a.nothingHappened()
}

func TestMalformedBodies(t *testing.T) {
	a := serve(t, nil)
	for _, route := range []string{"/v1/events?user=a", "/v1/publish/agui?user=a&session=s", "/v1/publish/a2a?user=a", "/v1/publish/system?user=a"} {
		for _, body := range []string{
			``, ` `, `{`, `{"a"`, `[`, `[}`, `{]`, `{"channel":"system","data":1}x`, `{"channel":"system","data":1}{}`, `{"channel":"system","data":{]}`,
			"\x00", "\xef\xbb\xbf{}", `{'a':1}`, `{"channel":"system","data":1,}`, `[{"channel":"system","data":1},]`, `{"channel":"system" "data":1}`,
			`nul`, strings.Repeat("[", 100000), strings.Repeat(`{"a":`, 100000),
		} {
			got := a.post(route, body)
			if got.status != 400 || got.problem != wire.Invalid {
				t.Errorf("%s %.40q: got %d %s", route, body, got.status, got.body)
			}
			got = a.postLines(route, body)
			if got.status != 400 || got.problem != wire.Invalid {
				t.Errorf("%s line %.40q: got %d %s", route, body, got.status, got.body)
			}
		}
		a.post(route, `{"channel":"system","data":1}`+strings.Repeat(" ", 11<<20)).is(t, 413, wire.TooLarge)
	}
	a.nothingHappened()
}

// TestABodyThatSaysItIsTooLargeIsNotWaitedFor sends none of it.
func TestABodyThatSaysItIsTooLargeIsNotWaitedFor(t *testing.T) {
	a := serve(t, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST /v1/events?user=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 413 || !res.Close {
		t.Errorf("got %s, closed %t", res.Status, res.Close)
	}
}

func TestBodiesOfOtherTypes(t *testing.T) {
	a := serve(t, nil)
	for _, route := range []string{"/v1/events?user=a", "/v1/publish/system?user=a"} {
		const body = `{"channel":"system","data":1}`
		for _, kind := range []string{
			"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "text/json", "application/json, text/plain",
			"application/json; charset=utf-16", "application/problem+json", ";", "application/json; charset",
		} {
			a.do("POST", route, body, "Content-Type: "+kind).is(t, 415, wire.UnsupportedMedia)
		}
		a.do("POST", route, body).is(t, 415, wire.UnsupportedMedia)
		a.do("POST", route, body, "Content-Type: application/json", "Content-Type: application/json").is(t, 415, wire.UnsupportedMedia)
		a.post(route, body, "Content-Encoding: gzip").is(t, 415, wire.UnsupportedMedia)
		a.nothingHappened()
		a.do("POST", route, body, "Content-Type: Application/JSON; charset=UTF-8").ok(t)
		a.do("POST", route, body, "Content-Type: application/x-ndjson;x=y", "Content-Encoding: identity").ok(t)
		a = serve(t, nil)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	a := serve(t, nil)
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1/feed/", "/v1//feed", "/v1/./feed", "/v1/x/../feed", "//", "/v1/stream", "/v1/stream/", "/v1/stream/agui/x",
		"/v1/sessions//feed", "/v1/sessions/s", "/v1/sessions/a/b/feed", "/v1/publish/", "/v2/feed", "/health", "/health/", "/metrics", "/%00", "/assets/x",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "HEAD", "OPTIONS", "FOO"} {
			got := a.do(method, path, "")
			if got.status != 404 || method != "HEAD" && got.problem != wire.NotFound || got.header.Get("Content-Type") != wire.ProblemType {
				t.Errorf("%s %s: got %d %s", method, path, got.status, got.body)
			}
		}
	}
	for _, route := range slices.Concat(routes, others) {
		allow := "GET, HEAD"
		switch {
		case strings.Contains(route, "events"):
			allow = "POST, DELETE"
		case strings.Contains(route, "stream/"):
			allow = "GET, HEAD, POST"
		case strings.Contains(route, "publish"), strings.Contains(route, "tickets"), strings.Contains(route, "revocations"):
			allow = "POST"
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"} {
			if slices.Contains(strings.Split(allow, ", "), method) {
				continue
			}
			got := a.do(method, route, "")
			if got.status != 405 || got.header.Get("Allow") != allow || got.header.Get("Content-Type") != wire.ProblemType {
				t.Errorf("%s %s: got %d, Allow %q", method, route, got.status, got.header.Get("Allow"))
			}
		}
	}
	a.nothingHappened()
}

func TestSessionsOfMalformedNames(t *testing.T) {
	a := serve(t, nil)
	for _, s := range []string{"%0A", "%20", "%FF", "%7F"} {
		a.get("/v1/sessions/"+s+"/feed?user=a").is(t, 400, wire.Invalid)
	}
	a.get("/v1/sessions/"+strings.Repeat("s", 257)+"/feed?user=a").is(t, 413, wire.TooLarge)
	a.get("/v1/publish/system?user=a").is(t, 405, wire.MethodNotAllowed)
	a.post("/v1/publish/system?user=a&session=x&session=y", `1`).is(t, 400, wire.Invalid)
	a.post("/v1/publish/nope?user=a", `1`).is(t, 400, wire.UnknownChannel)
	a.post("/v1/publish/tidings.control?user=a", `1`).is(t, 400, wire.UnknownChannel)
	a.post("/v1/publish/AGUI?user=a&session=s", `1`).is(t, 400, wire.UnknownChannel)
	a.nothingHappened()
}

func (a *api) nothingHappened() {
	a.t.Helper()
	if s := a.hub.Stats(); s.Published != 0 || s.Subscribers != 0 {
		a.t.Errorf("%d events were published, %d subscribers are left", s.Published, s.Subscribers)
	}
}

// Whatever the query is, the answer is a stream or a problem of the client's.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"user=a&after=1-1", "user=a&from=start&types=a,b&session=x", "names=type&heartbeat=json", "%", "user=%zz", "after=1763672400000000000-42"} {
		f.Add(q, "1763672400000000000-42")
	}
	hub := newHub(f, nil, nil)
	h := newHandler(hub)
	f.Fuzz(func(t *testing.T, query, id string) {
		a := &api{t: t, hub: hub, h: h, url: "http://localhost"}
		r := a.request("HEAD", "/v1/stream/contexts", "")
		r.RemoteAddr, r.URL.RawQuery = "127.0.0.1:1", query
		r.Header["Last-Event-Id"] = []string{id}
		w := newRecorder()
		a.h.ServeHTTP(w, r)
		values, err := url.ParseQuery(query)
		if w.Code == 200 && (err != nil || values.Get("user") == "") || w.Code != 200 && w.Code/100 != 4 {
			t.Errorf("%q: got %d %s", query, w.Code, w.Body)
		}
	})
}

// Whatever a body holds, it is refused as the client's mistake, or published
// and then told exactly so.
func FuzzBody(f *testing.F) {
	for _, b := range []string{
		`{"user":"a","channel":"agui","session":"s","type":"t","key":"","trace":"x","data":{"type":"RUN_STARTED","threadId":"t"}}`,
		`[{"user":"a","channel":"system","data":[1,2]}]`, "{\"user\":\"a\",\"channel\":\"system\",\"data\":1}\n\n{}", `{"jsonrpc":"2.0","result":{"kind":"task"}}`,
		"\"\u2028\"", `{"data":"\ud800"}`,
	} {
		f.Add([]byte(b), true)
		f.Add([]byte(b), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		hub := newHub(t, nil, nil)
		a := &api{t: t, hub: hub, h: newHandler(hub)}
		kind := "Content-Type: application/json"
		if lines {
			kind = "Content-Type: application/x-ndjson"
		}
		for _, path := range []string{"/v1/events", "/v1/publish/agui?user=a", "/v1/publish/a2a?user=a", "/v1/publish/system?user=a"} {
			before := hub.Stats().Published
			r := a.request("POST", path, string(body), kind)
			r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
			w := newRecorder()
			a.h.ServeHTTP(w, r)
			after := hub.Stats()
			published := after.Published - before
			if ids := strings.Count(w.Body.String(), `"id":"`); w.Code == 200 && uint64(ids) != published+after.Duplicates || w.Code != 200 && (w.Code/100 != 4 || published != 0) {
				t.Fatalf("%s: got %d %s, %d published", path, w.Code, w.Body, published)
			}
		}
		if err := wellFormed(a); err != nil {
			t.Fatal(err)
		}
	})
}

// wellFormed reads everything that a hub has from its feed.
func wellFormed(a *api) error {
	r := a.request("GET", "/v1/feed?limit=5000", "")
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
	w := newRecorder()
	a.h.ServeHTTP(w, r)
	got := payloads(a.t, w.Body.String())
	if n := a.hub.Stats().Events; n != len(got) || strings.ContainsAny(w.Body.String(), "\r\n") {
		return fmt.Errorf("%d events, feed %q", n, w.Body)
	}
	return nil
}
