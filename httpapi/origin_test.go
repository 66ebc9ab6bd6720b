package httpapi_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// What the tests of browsers have: a page that is listed, one that is not, and
// what proves that somebody is alice.
const (
	listedPage  = "Origin: https://app.example"
	foreignPage = "Origin: https://evil.example"
	aliceToken  = "eyJhbGciOiJFUzI1NiJ9.c2VjcmV0LW9mLWFsaWNl.c2lnbmF0dXJl-_~+/=="
	asAlice     = "Authorization: Bearer " + aliceToken
)

// byBearer lets in who has a token, until the access of the token expires.
func byBearer(tokens map[string]httpapi.Access) func(*http.Request) (httpapi.Access, error) {
	return func(r *http.Request) (httpapi.Access, error) {
		given := r.Header.Values("Authorization")
		if len(given) == 0 {
			return httpapi.Access{}, fmt.Errorf("no token: %w", httpapi.ErrUnauthorized)
		}
		access, ok := tokens[strings.TrimPrefix(given[0], "Bearer ")]
		if !ok {
			return access, fmt.Errorf("the token is not known: %w", httpapi.ErrUnauthorized)
		}
		return access, nil
	}
}

// browsers returns the options of a server for pages of https://app.example.
func browsers() *httpapi.Options {
	return &httpapi.Options{
		Origins: []string{"https://app.example", "http://localhost:5173"}, Cookie: "tidings",
		Authenticate: byBearer(map[string]httpapi.Access{aliceToken: {Subject: "alice", Owner: "alice", Stats: true}}),
	}
}

func TestOriginsThatCanBeListed(t *testing.T) {
	for _, origin := range []string{
		"https://app.example", "http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:8080", "https://[2001:db8::1]", "https://app.example:8443",
		"https://xn--bcher-kva.example", "https://a-b.example", "capacitor://localhost", "chrome-extension://abcdefghijklmnop", "http://app.example:443", "https://app.example:80",
	} {
		if err := httpapi.CheckOrigin(origin); err != nil {
			t.Error(err)
		}
	}
	for _, origin := range []string{
		"", "*", "null", "NULL", "app.example", "//app.example", "https://", "https:", "https://*.example", "https://*", "https://app.example/", "https://app.example/x",
		"https://app.example?", "https://app.example?x", "https://app.example#", "https://app.example#x", "https://App.example", "HTTPS://app.example", "https://app.example:443", "http://app.example:80",
		"https://app.example:", "https://user@app.example", "https://bücher.example", "https://app.example,https://b.example", "https://app.example https://b.example", " https://app.example",
		"https://app.example\r\nX: y", "https://:8080", "https://app.example\x00", "file:///x", "data:text/plain,x", "https://app.example:x", "https://[::1", "https://%61.example", "https://[::1%25lo]", `https://a"b`, "https://[::1]:443",
	} {
		if err := httpapi.CheckOrigin(origin); err == nil {
			t.Errorf("%q can be listed", origin)
		}
		if origin != "" {
			panics(t, &httpapi.Options{Origins: []string{origin}})
		}
	}
}

// panics fails unless New does.
func panics(t *testing.T, opts *httpapi.Options) {
	t.Helper()
	hub := newHub(t, nil, nil)
	defer hub.Close()
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "httpapi: Options.") {
			t.Errorf("%+v: got %s", opts, said)
		}
	}()
	httpapi.New(hub, opts)
}

// sharing returns what an answer says of the pages that may read it.
func (a answer) sharing() string {
	h := a.header
	return fmt.Sprintf("%q %q %q %q", h.Values("Vary"), h.Values("Access-Control-Allow-Origin"), h.Values("Access-Control-Allow-Credentials"), h.Values("Access-Control-Expose-Headers"))
}

const (
	sharedAnswer = `["Origin"] ["https://app.example"] ["true"] ["Retry-After, WWW-Authenticate"]`
	ownAnswer    = `["Origin"] [] [] []`
	plainAnswer  = `[] [] [] []`
)

func TestPagesAskWhatTheyMaySend(t *testing.T) {
	a := serve(t, browsers())
	const asks = "Access-Control-Request-Method: POST"
	for _, path := range []string{"/v1/events", "/v1/publish/agui", "/v1/stream/agui", "/v1/cookie", "/v1/nothing", "/health/ready"} {
		got := a.do("OPTIONS", path, "", listedPage, asks, "Access-Control-Request-Headers: authorization,content-type")
		h := got.header
		if want := `["Origin" "Access-Control-Request-Private-Network"] ["https://app.example"] ["true"] []`; got.status != 204 || got.sharing() != want || got.body != "" {
			t.Errorf("%s: got %d %s %s", path, got.status, got.sharing(), got.body)
		}
		if said := h.Get("Access-Control-Allow-Methods") + "|" + h.Get("Access-Control-Allow-Headers") + "|" + h.Get("Access-Control-Max-Age") + "|" + h.Get("Access-Control-Allow-Private-Network"); said !=
			"GET, HEAD, POST, DELETE|Authorization, Cache-Control, Content-Type, Last-Event-ID, Tidings-User, Traceparent, Tracestate|7200|" {
			t.Errorf("%s: got %s", path, said)
		}
	}
	if got := a.do("OPTIONS", "/v1/events", "", listedPage, asks, "Access-Control-Request-Private-Network: true"); got.header.Get("Access-Control-Allow-Private-Network") != "true" {
		t.Errorf("got %v", got.header)
	}
	for _, origin := range []string{
		foreignPage, "Origin: null", "Origin: ", "Origin: *", "Origin: https://app.example/", "Origin: http://app.example", "Origin: https://app.example:8443", "Origin: HTTPS://app.example",
		"Origin: https://app.example.evil.example", "Origin: https://evil.example/https://app.example", "Origin: https://app.example https://evil.example", "Origin: app.example", "Origin: https://x.app.example",
	} {
		got := a.do("OPTIONS", "/v1/events", "", origin, asks)
		got.is(t, 403, wire.Forbidden)
		if got.sharing() != ownAnswer || got.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: got %v", origin, got.header)
		}
	}
	a.do("OPTIONS", "/v1/events", "", listedPage, foreignPage, asks).is(t, 400, wire.Invalid)
	a.do("OPTIONS", "/metrics", "", listedPage, asks).is(t, 403, wire.Forbidden)
	a.do("OPTIONS", "/v1/events", "", listedPage).is(t, 405, wire.MethodNotAllowed)
	a.nothingHappened()
}

func TestPagesOfListedOriginsReadEveryAnswer(t *testing.T) {
	o := browsers()
	o.Page, o.Metrics = http.NotFoundHandler(), http.NotFoundHandler()
	a := serveHub(t, newHub(t, nil, &tidings.Options{MaxConnections: 1}), o)
	for _, tt := range []struct {
		got    answer
		status int
		want   string
	}{
		{a.get("/v1/feed", listedPage, asAlice), 200, sharedAnswer},
		{a.get("/v1/feed", foreignPage, asAlice), 200, ownAnswer}, // which no page can send
		{a.get("/v1/feed", asAlice), 200, ownAnswer},
		{a.get("/v1/feed", listedPage), 401, sharedAnswer},
		{a.get("/v1/feed", foreignPage), 401, ownAnswer},
		{a.get("/v1/feed?x=y", listedPage, asAlice), 400, sharedAnswer},
		{a.get("/v1/feed?user=bob", listedPage, asAlice), 403, sharedAnswer},
		{a.get("/v1/nothing", listedPage, asAlice), 404, sharedAnswer},
		{a.get("/v1//feed", listedPage, asAlice), 404, sharedAnswer},
		{a.post("/v1/feed", "", listedPage, asAlice), 405, sharedAnswer},
		{a.get("/v1/stream/agui", listedPage, asAlice, "Accept: text/html"), 406, sharedAnswer},
		{a.do("POST", "/v1/events", "x", listedPage, asAlice), 415, sharedAnswer},
		{a.post("/v1/events", `{"channel":"system","data":1}`, listedPage, asAlice), 200, sharedAnswer},
		{a.postLines("/v1/events", `{"channel":"system","data":1}`, listedPage, asAlice, "Accept: application/x-ndjson"), 200, sharedAnswer},
		{a.do("HEAD", "/v1/stream/agui", "", listedPage, asAlice), 200, sharedAnswer},
		{a.get("/health/ready", listedPage), 200, sharedAnswer},
		{a.get("/health/ready", foreignPage), 200, ownAnswer},
		{a.get("/metrics", listedPage), 404, plainAnswer},
		{a.get("/", listedPage), 404, plainAnswer},
	} {
		if tt.got.status != tt.status || tt.got.sharing() != tt.want {
			t.Errorf("got %d %s %s, want %d %s", tt.got.status, tt.got.sharing(), tt.got.body, tt.status, tt.want)
		}
	}
	listed := a.follow("/v1/stream/agui", listedPage, asAlice)
	if got := (answer{header: listed.res.Header}).sharing(); got != sharedAnswer {
		t.Errorf("a stream: got %s", got)
	}
	if got := a.get("/v1/stream/agui", listedPage, asAlice); got.status != 429 || got.sharing() != sharedAnswer || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	foreign := a.follow("/v1/stream/a2a", foreignPage, asAlice)
	if got := (answer{header: foreign.res.Header}).sharing(); got != ownAnswer {
		t.Errorf("a stream: got %s", got)
	}
	listed.close()
	foreign.close()
	a.h.Drain(canceled())
	if got := a.get("/v1/stream/agui", listedPage, asAlice); got.status != 503 || got.sharing() != sharedAnswer {
		t.Errorf("got %d %v", got.status, got.header)
	}
}

func TestNothingIsSharedUnlessOriginsAreListed(t *testing.T) {
	for _, o := range []*httpapi.Options{nil, {Authenticate: always(httpapi.Access{Owner: "alice"})}} {
		a := serve(t, o)
		for _, origin := range []string{"Origin: http://localhost:5173", "Origin: " + a.url, "X: y"} {
			if got := a.get("/v1/feed?user=alice", origin); got.status != 200 || got.sharing() != plainAnswer {
				t.Errorf("%s: got %d %s", origin, got.status, got.sharing())
			}
		}
		a.do("OPTIONS", "/v1/feed", "", "Origin: http://localhost:5173", "Access-Control-Request-Method: GET").is(t, 403, wire.Forbidden)
	}
}

func TestListedPagesInDevelopment(t *testing.T) {
	a := serve(t, &httpapi.Options{Origins: []string{"https://app.example", "http://localhost:5173"}, Cookie: "tidings"})
	const local = "Origin: http://localhost:5173"
	if got := a.do("OPTIONS", "/v1/events", "", local, "Access-Control-Request-Method: POST"); got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	got := a.post("/v1/events?user=alice", `{"channel":"system","data":1}`, local, "Sec-Fetch-Site: same-site")
	if got.ok(t); got.header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" {
		t.Errorf("got %v", got.header)
	}
	got = a.post("/v1/events?user=alice", `{"channel":"system","data":1}`, listedPage)
	if got.is(t, 403, wire.Forbidden); got.sharing() != sharedAnswer {
		t.Errorf("got %v", got.header)
	}
	a.do("POST", "/v1/cookie", "").is(t, 404, wire.NotFound)
}

func TestPagesOfOthersWriteNothing(t *testing.T) {
	a := serve(t, browsers())
	own := "Origin: " + a.url
	for _, tt := range []struct {
		headers string // separated by semicolons
		status  int
	}{
		{"", 200}, {own, 200}, {own + ";Sec-Fetch-Site: same-origin", 200}, {"Sec-Fetch-Site: same-origin", 200}, {"Sec-Fetch-Site: none", 200},
		{listedPage, 200}, {listedPage + ";Sec-Fetch-Site: cross-site", 200}, {listedPage + ";Sec-Fetch-Site: same-site", 200}, {"Origin: http://localhost:5173", 200},
		{"Origin: https://hub.example;Host: hub.example", 200}, // behind a proxy that speaks TLS
		{foreignPage, 403}, {foreignPage + ";Sec-Fetch-Site: cross-site", 403}, {foreignPage + ";Sec-Fetch-Site: same-site", 403}, {"Sec-Fetch-Site: cross-site", 403},
		{"Sec-Fetch-Site: same-site", 403}, {"Sec-Fetch-Site: x", 403}, {own + ";Sec-Fetch-Site: cross-site", 403}, {own + ";Sec-Fetch-Site: same-site", 403}, {"Origin: null", 403}, {"Origin: null;Sec-Fetch-Site: cross-site", 403}, {"Origin: x", 403},
		{"Origin: https://app.example.evil.example", 403}, {"Origin: https://app.example/", 403}, {"Origin: http://app.example", 403}, {"Origin: http://localhost:5174", 403}, {"Origin: http://127.0.0.1:1", 403},
		{"Origin: https://evil.example;Host: hub.example", 403},
		{listedPage + ";" + foreignPage, 400}, {foreignPage + ";" + listedPage, 400}, {listedPage + ";" + listedPage, 400}, {"Sec-Fetch-Site: same-origin;Sec-Fetch-Site: cross-site", 400},
	} {
		headers := strings.FieldsFunc(tt.headers, func(r rune) bool { return r == ';' })
		for _, proof := range []string{asAlice, "Cookie: tidings=" + aliceToken} {
			if strings.Contains(tt.headers, "Host:") && proof != asAlice {
				continue // the name of the cookie is another there
			}
			for _, path := range []string{"/v1/events", "/v1/publish/system"} {
				if got := a.post(path, `{"channel":"system","data":1}`, append(headers, proof)...); got.status != tt.status {
					t.Errorf("%s, %.20s: got %d %s, want %d", tt.headers, proof, got.status, got.body, tt.status)
				}
			}
			want := tt.status
			if proof == asAlice && want == 403 || want == 400 && strings.Contains(tt.headers, "Origin") {
				continue // which reads: see below
			}
			if got := a.get("/v1/feed", append(headers, proof)...); got.status != want {
				t.Errorf("%s, %.20s: got %d %s to read, want %d", tt.headers, proof, got.status, got.body, want)
			}
		}
		if tt.status == 403 {
			a.get("/v1/feed", append(headers, asAlice)...).ok(t)
			a.do("DELETE", "/v1/cookie", "", headers...).is(t, 403, wire.Forbidden)
		}
	}
}

// Also where a program has cookies of its own.
func TestPagesOfOthersOpenNoStreamWithACookie(t *testing.T) {
	own := func(r *http.Request) (httpapi.Access, error) {
		c, err := r.Cookie("session")
		if err != nil || c.Value != "alice" {
			return httpapi.Access{}, errors.Join(httpapi.ErrUnauthorized, err)
		}
		return httpapi.Access{Subject: "alice", Owner: "alice"}, nil
	}
	for cookie, o := range map[string]*httpapi.Options{
		"Cookie: tidings=" + aliceToken: browsers(),
		"Cookie: session=alice":         {Authenticate: own, Origins: []string{"https://app.example"}},
	} {
		a := serve(t, o)
		for _, headers := range [][]string{
			{foreignPage}, {foreignPage, "Sec-Fetch-Site: cross-site"}, {foreignPage, "Sec-Fetch-Site: same-site"}, {"Sec-Fetch-Site: cross-site"}, {"Origin: null"},
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		} {
			got := a.get("/v1/stream/agui", append(headers, cookie)...)
			if got.is(t, 403, wire.Forbidden); got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: got %v", headers, got.header)
			}
		}
		a.nothingHappened()
		for _, headers := range [][]string{
			{listedPage, "Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-origin"}, {}, {"Sec-Fetch-Site: none"},
		} {
			r := a.follow("/v1/stream/agui", append(headers, cookie)...)
			r.close()
		}
	}
}

// A token in an address is refused, and is neither told again nor written down.
func TestSecretsAreNeitherLoggedNorToldAgain(t *testing.T) {
	const secret = "s3cr3t-0f-al1c3"
	var logged lines
	o := browsers()
	o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a := serve(t, o)
	for _, name := range []string{"token", "access_token", "ticket", "jwt", "authorization"} {
		for _, path := range []string{"/v1/stream/agui", "/v1/feed", "/v1/stats", "/v1/sessions/s/feed", "/v1/events", "/v1/publish/system", "/v1/cookie", "/v1/nothing"} {
			for _, proof := range []string{asAlice, "Authorization: Bearer " + secret, "Cookie: tidings=" + secret, "Cookie: tidings=" + secret + "; tidings=" + secret, `Cookie: tidings="` + secret + `"`} {
				for _, method := range []string{"GET", "POST"} {
					got := a.do(method, path+"?"+name+"="+secret, "", proof, "Content-Type: application/json")
					if got.status < 400 || got.status > 499 || strings.Contains(got.body+fmt.Sprint(got.header), secret) {
						t.Errorf("%s: got %d %s", path, got.status, got.body)
					}
				}
			}
		}
	}
	if said := logged.String(); said == "" || strings.Contains(said, secret) {
		t.Errorf("logged %.1000s", said)
	}
}

// Lines are what was logged, by any goroutine.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
