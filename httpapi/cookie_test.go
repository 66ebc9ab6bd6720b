package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestNamesOfCookies(t *testing.T) {
	for _, name := range []string{"tidings", "a", "T-1_x", strings.Repeat("a", 64)} {
		if err := httpapi.CheckCookie(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "__Host-tidings", "__secure-x", "__x", "a b", "a=b", "a;b", "a,b", `a"`, "é", "a\r\n", strings.Repeat("a", 65)} {
		if httpapi.CheckCookie(name) == nil {
			t.Errorf("%q can be one", name)
		}
		if name != "" {
			panics(t, &httpapi.Options{Cookie: name})
		}
	}
}

func TestACookieIsSetForWhoHasAToken(t *testing.T) {
	a := serve(t, browsers())
	const value = "=" + aliceToken + "; Path=/; HttpOnly; "
	const hub = "Host: hub.example"
	for _, tt := range []struct{ headers, want string }{
		{"", "tidings" + value + "SameSite=Strict"},
		{"Host: [::1]:8080", "tidings" + value + "SameSite=Strict"},
		{"Origin: http://localhost:5173;Sec-Fetch-Site: same-site", "tidings" + value + "SameSite=Strict"},
		{"Origin: http://localhost:5173;Sec-Fetch-Site: cross-site", "tidings" + value + "Secure; SameSite=None; Partitioned"},
		{hub, "__Host-tidings" + value + "Secure; SameSite=Strict"},
		{hub + ";Origin: https://hub.example;Sec-Fetch-Site: same-origin", "__Host-tidings" + value + "Secure; SameSite=Strict"},
		{"Origin: https://hub.example;Sec-Fetch-Site: same-origin", "__Host-tidings" + value + "Secure; SameSite=Strict"}, // a proxy that hides the Host
		{hub + ";" + listedPage + ";Sec-Fetch-Site: same-site", "__Host-tidings" + value + "Secure; SameSite=Strict"},
		{hub + ";" + listedPage + ";Sec-Fetch-Site: cross-site", "__Host-tidings" + value + "Secure; SameSite=None; Partitioned"},
		{hub + ";" + listedPage, "__Host-tidings" + value + "Secure; SameSite=Strict"},
	} {
		headers := strings.FieldsFunc(tt.headers, func(r rune) bool { return r == ';' })
		got := a.do("POST", "/v1/cookie", "", append(headers, asAlice)...)
		if set := got.header.Values("Set-Cookie"); got.status != 204 || len(set) != 1 || set[0] != tt.want || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %q %s, want %q", tt.headers, got.status, set, got.body, tt.want)
		}
		got = a.do("DELETE", "/v1/cookie", "", headers...)
		gone := strings.Replace(strings.Replace(tt.want, aliceToken, "", 1), "Path=/; ", "Path=/; Max-Age=0; ", 1)
		if set := got.header.Values("Set-Cookie"); got.status != 204 || len(set) != 1 || set[0] != gone {
			t.Errorf("%s: got %d %q %s, want %q", tt.headers, got.status, set, got.body, gone)
		}
	}
}

func TestACookieIsNotSetFor(t *testing.T) {
	o := browsers()
	long := strings.Repeat("x", 4096-len("tidings"))
	o.Authenticate = byBearer(map[string]httpapi.Access{aliceToken: {Owner: "alice"}, long: {Owner: "alice"}, long + "x": {Owner: "alice"}, "a b": {Owner: "alice"}, "Basic YTpi": {Owner: "alice"}, "Bearer": {Owner: "alice"}})
	a := serve(t, o)
	for _, tt := range []struct {
		status  int
		problem string
		path    string
		body    string
		headers []string
	}{
		{401, wire.Unauthorized, "", "", nil},
		{401, wire.Unauthorized, "", "", []string{"Cookie: tidings=" + aliceToken}}, // it would renew itself for ever
		{401, wire.Unauthorized, "", "", []string{asAlice, asAlice}},
		{401, wire.Unauthorized, "", "", []string{"Authorization: Bearer bobs"}},
		{400, wire.Invalid, "", "", []string{"Authorization: Basic YTpi"}},
		{400, wire.Invalid, "", "", []string{"Authorization: Bearer a b"}},
		{400, wire.Invalid, "", "", []string{"Authorization: Bearer "}},
		{400, wire.Invalid, "?user=alice", "", []string{asAlice}},
		{400, wire.Invalid, "", "x", []string{asAlice}},
		{413, wire.TooLarge, "", "", []string{"Authorization: Bearer " + long + "x"}},
		{403, wire.Forbidden, "", "", []string{asAlice, foreignPage}},
	} {
		got := a.do("POST", "/v1/cookie"+tt.path, tt.body, tt.headers...)
		if got.is(t, tt.status, tt.problem); got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: got %v", tt.headers, got.header)
		}
	}
	if got := a.do("POST", "/v1/cookie", "", "Authorization: Bearer "+long); got.status != 204 {
		t.Errorf("got %d", got.status)
	}
	a.get("/v1/feed", "Cookie: tidings=a b").is(t, 401, wire.Unauthorized) // which is no token to ask about
	a.do("DELETE", "/v1/cookie?x=y", "").is(t, 400, wire.Invalid)
	a.do("DELETE", "/v1/cookie", "x").is(t, 400, wire.Invalid)
	if got := a.get("/v1/cookie", asAlice); got.status != 405 || got.header.Get("Allow") != "POST, DELETE" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	a = serve(t, &httpapi.Options{Authenticate: o.Authenticate})
	a.do("POST", "/v1/cookie", "", asAlice).is(t, 404, wire.NotFound)
	a.get("/v1/feed", "Cookie: tidings="+aliceToken).is(t, 401, wire.Unauthorized)
	a.get("/v1/feed", "Cookie: ="+aliceToken).is(t, 401, wire.Unauthorized)
}

func TestACookieProvesWhoAsks(t *testing.T) {
	a := serve(t, browsers())
	const good, hub = "tidings=" + aliceToken, "Host: hub.example"
	for _, tt := range []struct {
		status  int
		headers []string
	}{
		{200, []string{"Cookie: " + good}},
		{200, []string{"Cookie: a=b; " + good + "; c=d"}},
		{200, []string{"Cookie: a=b;" + good + ";"}},
		{200, []string{"Cookie: __Host-" + good}},
		{200, []string{"Cookie: __Host-" + good + "; tidings=other"}},
		{200, []string{hub, "Cookie: __Host-" + good}},
		{200, []string{hub, "Cookie: tidings=other; __Host-" + good}}, // which a sibling of the host can set
		{401, []string{hub, "Cookie: " + good}},
		{401, []string{"Cookie: __Host-tidings=other; " + good}},
		{200, []string{asAlice, "Cookie: tidings=other; tidings=other"}}, // the header wins
		{401, []string{"Authorization: Bearer other", "Cookie: " + good}},
		{401, []string{"Authorization: ", "Cookie: " + good}},
		{401, []string{"Cookie: tidings="}},
		{401, []string{"Cookie: tidings"}},
		{401, []string{"Cookie: Tidings=" + aliceToken}},
		{401, []string{"Cookie: tidings=\"" + aliceToken + "\""}},
		{401, []string{"Cookie: tidings=a b"}},
		{401, []string{"Cookie: tidings=é"}},
		{401, []string{"Cookie: tidings===="}},
		{401, []string{"Cookie: tidings=other"}},
		{400, []string{"Cookie: " + good + "; " + good}},
		{400, []string{"Cookie: " + good, "Cookie: tidings=other"}},
		{400, []string{"Cookie: " + good + "; tidings=\"no value of a cookie"}},
		{400, []string{"Cookie: __Host-" + good + "; __Host-tidings="}},
		{400, []string{hub, "Cookie: __Host-" + good + "; __Host-" + good}},
	} {
		if got := a.get("/v1/feed", tt.headers...); got.status != tt.status || strings.Contains(got.body, aliceToken) {
			t.Errorf("%s: got %d %s, want %d", tt.headers, got.status, got.body, tt.status)
		}
	}
	r := a.follow("/v1/stream/agui", "Cookie: "+good)
	r.show()
	a.publish("alice", `1`)
	r.expect("1 1")
	a.post("/v1/publish/system", `2`, "Cookie: "+good).ok(t)
}

// The program's function gets a request of its own: what wraps the handler does
// not find the token where the client did not put it.
func TestAuthenticateGetsTheTokenOfACookie(t *testing.T) {
	o := browsers()
	seen := make(chan string, 2)
	inner := o.Authenticate
	o.Authenticate = func(r *http.Request) (httpapi.Access, error) {
		seen <- r.Header.Get("Authorization")
		return inner(r)
	}
	a := serve(t, o)
	req := a.request("GET", "/v1/feed", "", "Cookie: tidings="+aliceToken)
	req.RemoteAddr, req.RequestURI = "127.0.0.1:1", "/v1/feed"
	w := newRecorder()
	a.h.ServeHTTP(w, req)
	if got := <-seen; w.Code != 200 || got != "Bearer "+aliceToken || len(req.Header["Authorization"]) > 0 {
		t.Errorf("got %d, %q, then %q", w.Code, got, req.Header)
	}
}

func TestACookieLastsAsLongAsItsAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := browsers()
		o.Authenticate = byBearer(map[string]httpapi.Access{"t": {Owner: "alice", Expires: time.Now().Add(90 * time.Second)}})
		hub := newHub(t, nil, nil)
		defer hub.Close()
		a := serveInMemory(t, hub, o, nil)
		for left, want := range []string{"Max-Age=90;", "Max-Age=1;"} {
			if got := a.do("POST", "/v1/cookie", "", "Authorization: Bearer t").header.Get("Set-Cookie"); !strings.Contains(got, want) {
				t.Errorf("%d: got %s", left, got)
			}
			time.Sleep(89500 * time.Millisecond)
		}
		a.get("/v1/feed", "Cookie: __Host-tidings=t").is(t, 401, wire.Unauthorized)
		a.do("POST", "/v1/cookie", "", "Authorization: Bearer t").is(t, 401, wire.Unauthorized)
		if got := a.do("DELETE", "/v1/cookie", "", "Cookie: __Host-tidings=t"); got.status != 204 {
			t.Errorf("got %d", got.status)
		}
	})
}
