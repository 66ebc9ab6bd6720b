package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func always(a httpapi.Access) func(*http.Request) (httpapi.Access, error) {
	return func(*http.Request) (httpapi.Access, error) { return a, nil }
}

// Who is meant must not depend on who reads the query.
func FuzzFirstValueIsThatOfTheStandardLibrary(f *testing.F) {
	for _, query := range []string{"user=a", "user=a&user=b", "us%65r=a%20b", "user=%zz&user=b", "user=a;b&user=c", "&=&user&user=a", "user=a+b", "a=b&user=%41#x"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		u := url.URL{RawQuery: query}
		if got, want := httpapi.FirstValue(query, "user"), u.Query().Get("user"); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	})
}

func TestAnotherOwnersEventsNeverArrive(t *testing.T) {
	a := serve(t, nil)
	alice := a.follow("/v1/stream/contexts?from=start", "Tidings-User: alice")
	for i := range 200 {
		a.publish([]string{"bob", "Alice", "alice ", "ali"}[i%2], fmt.Sprint(i))
	}
	a.publish("alice", `"end"`)
	alice.expect(`201 {"protocol":"agui","event":"end","session":"s"}`)
	for _, path := range []string{"/v1/feed", "/v1/sessions/s/feed"} {
		if got := payloads(t, a.get(path, "Tidings-User: alice").ok(t)); fmt.Sprint(got) != `["end"]` {
			t.Errorf("%s: got %v", path, got)
		}
	}
	a.follow("/v1/stream/feed?from=start", "Tidings-User: alice").expect(
		plainRecord(a.get("/v1/feed?user=alice").ok(t)))
}

// plainRecord returns what the feed stream shows of the one event in a feed.
func plainRecord(body string) string {
	record := strings.TrimPrefix(body, `{"events":[`)
	record = record[:strings.LastIndex(record, `],"cursor"`)]
	return "201 " + record
}

func TestOwnersThatDiffer(t *testing.T) {
	a := serve(t, nil)
	const event = `{"user":"bob","channel":"system","data":1}`
	bob := "Tidings-User: bob"
	for _, tt := range []struct {
		got     answer
		status  int
		problem string
	}{
		{a.get("/v1/stream/agui?user=alice", bob), 403, wire.Forbidden},
		{a.get("/v1/feed?user=alice", bob), 403, wire.Forbidden},
		{a.get("/v1/sessions/s/feed?user=alice", bob), 403, wire.Forbidden},
		{a.post("/v1/events?user=alice", event), 403, wire.Forbidden},
		{a.post("/v1/events", event, "Tidings-User: alice"), 403, wire.Forbidden},
		{a.post("/v1/events?user=alice", event, bob), 403, wire.Forbidden},
		{a.post("/v1/events", `[{"channel":"system","data":1},`+event+`]`, "Tidings-User: alice"), 403, wire.Forbidden},
		{a.post("/v1/publish/system?user=alice", `1`, bob), 403, wire.Forbidden},
		{a.get("/v1/feed", bob, "Tidings-User: alice"), 400, wire.Invalid},
		{a.get("/v1/feed?user=alice&user=bob"), 400, wire.Invalid},
		{a.get("/v1/stream/agui"), 400, wire.UserMissing},
		{a.get("/v1/sessions/s/feed"), 400, wire.UserMissing},
		{a.post("/v1/publish/system", `1`), 400, wire.UserMissing},
		{a.post("/v1/events", `{"channel":"system","data":1}`), 400, wire.UserMissing},
	} {
		tt.got.is(t, tt.status, tt.problem)
	}
	if s := a.hub.Stats(); s.Published != 0 {
		t.Errorf("%d events were published", s.Published)
	}
	a.post("/v1/events", event, bob).ok(t)
	a.post("/v1/events?user=bob", event, bob).ok(t)
	a.post("/v1/events", event).ok(t)
}

func TestSingleTenant(t *testing.T) {
	a := serve(t, &httpapi.Options{SingleTenant: true})
	a.post("/v1/events", `{"channel":"agui","session":"s","type":"T","data":1}`).ok(t)
	a.follow("/v1/stream/agui?from=start").expect("1 1")
	a.publish("alice", `2`)
	if got := payloads(t, a.get("/v1/sessions/s/feed").ok(t)); fmt.Sprint(got) != "[1]" {
		t.Errorf("got %v", got)
	}
	a = serve(t, &httpapi.Options{SingleTenant: true, Authenticate: always(httpapi.Access{})})
	a.publish("", `1`)
	a.publish("alice", `2`)
	if got := payloads(t, a.get("/v1/feed").ok(t)); fmt.Sprint(got) != "[1]" {
		t.Errorf("got %v", got)
	}
	a.get("/v1/feed?user=alice").is(t, 403, wire.Forbidden)
	a.get("/v1/stream/feed").is(t, 403, wire.Forbidden)
}

// A grant says for whom, a feed grant for everyone, and the zero Access
// nothing.
func TestGrants(t *testing.T) {
	own := httpapi.Access{Subject: "alice", Owner: "alice"}
	team := own
	team.Subscribe = func(r httpapi.Reading) bool { return r.Owner == "team" || r.Owner == "alice" }
	operator := httpapi.Access{Subject: "op", Owner: "op", Feed: true, Stats: true, Publish: func(w httpapi.Writing) bool { return w.Owner == "alice" }}
	const event = `{"user":"alice","channel":"system","data":1}`
	for _, tt := range []struct {
		name   string
		access httpapi.Access
		want   string
	}{
		{"none", httpapi.Access{}, "400 403 400 403 400 403 403 403 400 403"},
		{"own", own, "200 200 200 403 200 200 403 403 200 200"},
		{"team", team, "200 200 200 200 200 200 403 403 200 200"},
		{"operator", operator, "200 403 200 200 200 200 200 200 403 200"},
	} {
		a := serve(t, &httpapi.Options{Authenticate: always(tt.access)})
		var got []string
		for _, path := range []string{
			"/v1/stream/agui", "/v1/stream/agui?user=alice", "/v1/feed", "/v1/feed?user=team", "/v1/sessions/s/feed",
			"/v1/stream/feed?user=alice", "/v1/stream/feed", "/v1/stats",
		} {
			got = append(got, fmt.Sprint(a.get1(path)))
		}
		got = append(got, fmt.Sprint(a.post("/v1/publish/system", `1`).status), fmt.Sprint(a.post("/v1/events", event).status))
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, s, tt.want)
		}
	}
}

// A grant may name a stream or a channel, and sessions. Who asks for all sessions
// asks for more than some.
func TestGrantsOfStreamsChannelsAndSessions(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: always(httpapi.Access{
		Subject: "bob", Owner: "alice", Stats: true,
		Subscribe: func(r httpapi.Reading) bool {
			return r == httpapi.Reading{Owner: "alice", Stream: "agui", Session: "s1"} || r == httpapi.Reading{Owner: "alice", Stream: "agui", Session: "s2"}
		},
		Publish: func(w httpapi.Writing) bool {
			return w == httpapi.Writing{Owner: "alice", Channel: "agui", Session: "s1"}
		},
	})})
	for path, want := range map[string]int{
		"/v1/stream/agui?session=s1":                  200,
		"/v1/stream/agui?session=s1&session=s2":       200,
		"/v1/stream/agui?session=s1&session=s3":       403,
		"/v1/stream/agui?session=s1&user=carol":       403,
		"/v1/stream/agui":                             403,
		"/v1/stream/contexts?session=s1":              403,
		"/v1/stream/feed?session=s1&user=alice":       403,
		"/v1/feed?session=s1":                         403,
		"/v1/feed?session=s1&stream=agui":             200,
		"/v1/feed?session=s1&session=s2&stream=agui":  200,
		"/v1/feed?session=s1&stream=contexts":         403,
		"/v1/feed?stream=agui":                        403,
		"/v1/feed?stream=agui&session=s3":             403,
		"/v1/sessions/s1/feed":                        403,
		"/v1/sessions/s1/feed?stream=agui":            200,
		"/v1/sessions/s3/feed?stream=agui":            403,
		"/v1/sessions/s1/feed?stream=agui&user=carol": 403,
		"/v1/stats?user=alice":                        403,
	} {
		if got := a.get1(path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	const started = `{"type":"RUN_STARTED","threadId":"s1","runId":"r"}`
	a.post("/v1/publish/agui", started).ok(t)
	a.post("/v1/events", `[{"channel":"agui","data":`+started+`},{"channel":"agui","data":{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}}]`).ok(t)
	a.post("/v1/publish/agui?session=s1", started).ok(t)
	for path, body := range map[string]string{
		"/v1/publish/agui?session=s2":   `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}`,
		"/v1/publish/agui":              strings.Replace(started, "s1", "s2", 1),
		"/v1/publish/system?session=s1": `1`,
		"/v1/publish/system":            `1`,
		"/v1/events":                    `[{"channel":"agui","session":"s1","type":"T","data":1},{"channel":"agui","session":"s2","type":"T","data":1}]`,
		"/v1/events?user=carol":         `{"channel":"agui","session":"s1","type":"T","data":1}`,
	} {
		a.post(path, body).is(t, 403, wire.Forbidden)
	}
	if s := a.hub.Stats(); s.Published != 4 {
		t.Errorf("%d events were published, want 4", s.Published)
	}
}

func TestOwnerOfTheAddressAndOfTheBodyMustBeTheSame(t *testing.T) {
	all := httpapi.Access{Subject: "relay", Publish: func(httpapi.Writing) bool { return true }}
	a := serve(t, &httpapi.Options{Authenticate: always(all)})
	const event = `{"user":"bob","channel":"system","data":1}`
	a.post("/v1/events?user=alice", event).is(t, 403, wire.Forbidden)
	a.post("/v1/events?user=bob", event).ok(t)
	a.post("/v1/events", event).ok(t)
}

func TestFiguresOfAnOwnerNeedTheOwner(t *testing.T) {
	access := httpapi.Access{Subject: "alice", Owner: "alice", Stats: true}
	a := serve(t, &httpapi.Options{Authenticate: always(access)})
	a.get("/v1/stats?user=bob").is(t, 403, wire.Forbidden)
	a.get("/v1/stats?user=alice").ok(t)
	a.get("/v1/stats").ok(t)
}

// The development header has no power over an authenticated request.
func TestHeaderDoesNotNameTheOwnerOfAnAuthenticatedRequest(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: always(httpapi.Access{Subject: "alice", Owner: "alice"})})
	a.publish("alice", `1`)
	a.publish("bob", `2`)
	if got := payloads(t, a.get("/v1/feed", "Tidings-User: bob").ok(t)); fmt.Sprint(got) != "[1]" {
		t.Errorf("got %v", got)
	}
}

type challenged struct{ error }

func (challenged) Challenge() string { return `Bearer error="invalid_token"` }
func (challenged) Unwrap() error     { return httpapi.ErrUnauthorized }

func TestErrorsOfAuthentication(t *testing.T) {
	for _, tt := range []struct {
		err       error
		status    int
		problem   string
		challenge string
		detail    string
	}{
		{fmt.Errorf("no token: %w", httpapi.ErrUnauthorized), 401, wire.Unauthorized, "Bearer", "no token: unauthorized"},
		{challenged{errors.New("token expired")}, 401, wire.Unauthorized, `Bearer error="invalid_token"`, "token expired"},
		{httpapi.ErrForbidden, 403, wire.Forbidden, "", "forbidden"},
		{fmt.Errorf("no keys: %w", httpapi.ErrUnavailable), 503, wire.Unavailable, "", "no keys: unavailable"},
		{&tidings.InvalidError{Field: "Authorization", Want: "one"}, 400, wire.Invalid, "", "invalid Authorization: want one"},
		{errors.New("secret of the database"), 500, wire.Internal, "", "the server's log has the reason"},
	} {
		a := serve(t, &httpapi.Options{Authenticate: func(*http.Request) (httpapi.Access, error) { return httpapi.Access{}, tt.err }})
		got := a.get("/v1/stream/agui")
		if got.is(t, tt.status, tt.problem); got.detail != tt.detail || got.header.Get("WWW-Authenticate") != tt.challenge {
			t.Errorf("got %q %q, want %q %q", got.detail, got.header.Get("WWW-Authenticate"), tt.detail, tt.challenge)
		}
		a.get("/health/live").ok(t)
	}
}

func TestDevelopmentServesThisMachineOnly(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	a := serve(t, &httpapi.Options{Page: page, Metrics: page})
	refused := []string{
		"Host: evil.example", "Host: localhost.evil.example", "Host: 127.0.0.1.evil.example", "Host: 10.0.0.1:8080", "Host: [::2]:80",
		"Host: localhost:http", "Host: 0.0.0.0",
		"Origin: https://evil.example", "Origin: null", "Origin: http://localhost.evil.example", "Origin: file://localhost", "Origin: http://",
		"Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Anything: x", "X-Real-IP: 1.2.3.4", "Via: 1.1 proxy",
	}
	served := []string{
		"Host: localhost", "Host: LOCALHOST:1", "Host: 127.9.9.9:80", "Host: [::1]:80", "Host: [::1]", "Host: 127.0.0.1",
		"Origin: http://localhost:3000", "Origin: http://127.0.0.1", "Origin: https://[::1]:8443",
	}
	for _, path := range []string{"/v1/stream/agui?user=a", "/v1/feed?user=a", "/v1/stats", "/health/live", "/health/ready", "/", "/assets/x.js", "/metrics", "/nothing"} {
		for _, h := range refused {
			if got := a.get(path, h); got.status != 403 || got.problem != wire.Forbidden {
				t.Errorf("%s %s: got %d %s", path, h, got.status, got.body)
			}
		}
	}
	for _, h := range served {
		if got := a.get("/v1/feed?user=a", h); got.status != 200 {
			t.Errorf("%s: got %d %s", h, got.status, got.body)
		}
	}
	if got := a.get("/").ok(t) + a.get("/assets/x.js").ok(t) + a.get("/metrics").ok(t); got != "//assets/x.js/metrics" {
		t.Errorf("page: got %s", got)
	}
}

// A page of another site can make requests that it may not read the answers
// of, and which have no Origin. They would take its visitor's connections.
func TestDevelopmentRefusesWhatOtherSitesAskFor(t *testing.T) {
	a := serve(t, nil)
	const stream = "/v1/stream/agui?user=a"
	for _, mode := range []string{"no-cors", "cors", "same-origin", ""} {
		if got := a.get1(stream, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: "+mode); got != 403 {
			t.Errorf("%q: got %d", mode, got)
		}
	}
	for _, site := range []string{"same-origin", "same-site", "none"} {
		if got := a.get1(stream, "Sec-Fetch-Site: "+site, "Sec-Fetch-Mode: no-cors"); got != 200 {
			t.Errorf("%s: got %d", site, got)
		}
	}
	a.get("/health/live", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document").ok(t) // a link
	a.get("/health/live", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe").is(t, 403, wire.Forbidden)
}

func TestDevelopmentRefusesRemoteAddresses(t *testing.T) {
	a := serve(t, nil)
	for addr, want := range map[string]int{
		"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200,
		"10.0.0.1:1": 403, "[2001:db8::1]:1": 403, "": 403, "@": 403, "127.0.0.1": 403, "0.0.0.0:1": 403,
	} {
		w := newRecorder()
		r := a.request("GET", "/health/live", "")
		r.RemoteAddr = addr
		if a.h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: got %d, want %d", addr, w.Code, want)
		}
	}
}

// A stream that began and ended at once would bring its client back for ever.
func TestExpiredAccessIsUnauthorized(t *testing.T) {
	expired := httpapi.Access{Subject: "alice", Owner: "alice", Expires: time.Now().Add(-time.Second)}
	a := serve(t, &httpapi.Options{Authenticate: always(expired)})
	for _, path := range []string{"/v1/stream/agui", "/v1/feed"} {
		a.get(path).is(t, 401, wire.Unauthorized)
	}
}
