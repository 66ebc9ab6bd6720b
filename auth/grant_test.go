package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
)

// TestGrants is of the claim tidings of a token of bob's, and of what it lets him
// do: which owner is meant where none is named, what he may read as
// owner/stream/session, and where he may publish as owner/channel/session.
func TestGrants(t *testing.T) {
	everything := []string{"bob/feed/", "bob/agui/s1", "alice/feed/", "alice/agui/", "alice/agui/s1", "alice/agui/s2", "alice/contexts/s1", "/feed/", "*/feed/"}
	for _, tt := range []struct{ claim, owner, reads, writes, may string }{
		{"", "bob", "bob/feed/ bob/agui/s1", "bob/feed/ bob/agui/s1", ""},
		{`{}`, "", "", "", ""},
		{`{"admin":true}`, "", "", "", "feed stats admin"},
		{`{"admin":false,"subscribe":[],"publish":[]}`, "", "", "", ""},
		{`{"subscribe":[{}]}`, "bob", "bob/feed/ bob/agui/s1", "", ""},
		{`{"publish":[{}]}`, "bob", "", "bob/feed/ bob/agui/s1", ""},
		{`{"subscribe":[{"owners":["*"]}]}`, "bob", strings.Join(everything, " "), "", ""},
		{`{"publish":[{"owners":["*"]}]}`, "bob", "", strings.Join(everything, " "), ""},
		{`{"subscribe":[{"owners":["alice"]}]}`, "alice", "alice/feed/ alice/agui/ alice/agui/s1 alice/agui/s2 alice/contexts/s1", "", ""},
		{`{"subscribe":[{"owners":["alice"]},{"owners":["carol"]}]}`, "", "alice/feed/ alice/agui/ alice/agui/s1 alice/agui/s2 alice/contexts/s1", "", ""},
		{`{"subscribe":[{"owners":["alice"],"streams":["agui"]}],"publish":[{"owners":["alice"],"sessions":["s1"]}]}`, "alice", "alice/agui/ alice/agui/s1 alice/agui/s2", "alice/agui/s1 alice/contexts/s1", ""},
		{`{"subscribe":[{"owners":["alice"],"sessions":["s1"]}]}`, "alice", "alice/agui/s1 alice/contexts/s1", "", ""},
		{`{"subscribe":[{"owners":["alice"],"streams":["agui"],"sessions":["s1"]},{}]}`, "bob", "bob/feed/ bob/agui/s1 alice/agui/s1", "", ""},
		{`{"subscribe":[{"owners":["alice"],"streams":["agui"]},{"owners":["alice"],"sessions":["s2"]}]}`, "alice", "alice/agui/ alice/agui/s1 alice/agui/s2", "", ""},
		{`{"publish":[{"owners":["alice"],"channels":["agui"]}]}`, "alice", "", "alice/agui/ alice/agui/s1 alice/agui/s2", ""},
		{`{"subscribe":[{"owners":[]}]}`, "", "", "", ""},
		{`{"subscribe":[{"streams":[]}]}`, "bob", "", "", ""},
		{`{"subscribe":[{"sessions":[]}]}`, "bob", "", "", ""},
		{`{"subscribe":[{"owners":[""]}]}`, "", "/feed/", "", ""},
		{`{"subscribe":[{"owners":["Alice","alice*","al","alicee","bo"]}]}`, "", "", "", ""},
		{`{"subscribe":[{"owners":["alice"],"streams":["AGUI","agu","feed*"],"sessions":["S1","s"]}]}`, "alice", "", "", ""},
	} {
		var change []string
		if tt.claim != "" {
			change = append(change, "tidings="+tt.claim)
		}
		got := claims(t, good(append(change, `sub="bob"`)...)).Access()
		var reads, writes, may []string
		for _, what := range everything {
			p := strings.Split(what, "/")
			if got.Subscribe(httpapi.Reading{Owner: p[0], Stream: p[1], Session: p[2]}) {
				reads = append(reads, what)
			}
			if got.Publish(httpapi.Writing{Owner: p[0], Channel: tidings.Channel(p[1]), Session: p[2]}) {
				writes = append(writes, what)
			}
		}
		for name, granted := range map[string]bool{"feed": got.Feed, "stats": got.Stats, "admin": got.Admin} {
			if granted {
				may = append(may, name)
			}
		}
		if got.Owner != tt.owner || strings.Join(reads, " ") != tt.reads || strings.Join(writes, " ") != tt.writes || len(may) != len(strings.Fields(tt.may)) {
			t.Errorf("%s: means %q, reads %q, writes %q, may %q", tt.claim, got.Owner, reads, writes, may)
		}
	}
}

// claims returns those of a token with the payload.
func claims(t *testing.T, payload string) *auth.Claims {
	t.Helper()
	v := newVerifier(t, &auth.Options{Secret: secret})
	c, err := v.Verify(t.Context(), hs(payload))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the routes make of grants, over HTTP.
func TestGrantsOverHTTP(t *testing.T) {
	a := serve(t, &auth.Options{Secret: secret})
	const event = `{"channel":"system","data":1}`
	backend := `tidings={"publish":[{"owners":["*"]}]}`
	watcher := `tidings={"subscribe":[{"owners":["alice"],"streams":["agui"],"sessions":["s1"]}]}`
	for _, tt := range []struct {
		claims             []string
		method, path, body string
		status             int
	}{
		{nil, "GET", "/v1/feed", "", 200},
		{nil, "GET", "/v1/feed?user=bob", "", 403},
		{nil, "POST", "/v1/events", event, 200},
		{nil, "POST", "/v1/events?user=bob", event, 403},
		{nil, "GET", "/v1/stats", "", 403},
		{nil, "GET", "/v1/stream/feed", "", 403},
		{[]string{backend}, "POST", "/v1/events?user=bob", event, 200},
		{[]string{backend}, "POST", "/v1/events", event, 200},
		{[]string{backend}, "GET", "/v1/feed?user=bob", "", 403},
		{[]string{backend}, "GET", "/v1/feed", "", 403},
		{[]string{watcher}, "GET", "/v1/sessions/s1/feed?stream=agui", "", 200},
		{[]string{watcher}, "GET", "/v1/sessions/s2/feed?stream=agui", "", 403},
		{[]string{watcher}, "GET", "/v1/sessions/s1/feed", "", 403},
		{[]string{watcher}, "GET", "/v1/feed?stream=agui", "", 403},
		{[]string{watcher}, "POST", "/v1/events", event, 403},
		{[]string{`tidings={"admin":true}`}, "GET", "/v1/stats", "", 200},
		{[]string{`tidings={"admin":true}`}, "GET", "/v1/feed", "", 200},
		{[]string{`tidings={"admin":true}`}, "POST", "/v1/events?user=bob", event, 403},
		{[]string{`tidings={}`}, "GET", "/v1/feed", "", 400},
		{[]string{`tidings={}`}, "GET", "/v1/feed?user=alice", "", 403},
	} {
		token := hs(good(tt.claims...))
		if got := a.do(tt.method, tt.path, tt.body, "Authorization: Bearer "+token); got.status != tt.status {
			t.Errorf("%v %s %s: %+v, want %d", tt.claims, tt.method, tt.path, got, tt.status)
		}
	}
}

func TestMintRefusesWhatWouldBeRefused(t *testing.T) {
	signer, err := auth.ParseSigner([]byte(privatePEM(t, "p384")))
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 900)
	for i := range many {
		many[i] = fmt.Sprint("owner-", i)
	}
	for _, tt := range []struct {
		claims   auth.Claims
		lifetime time.Duration
		says     string
	}{
		{auth.Claims{}, time.Hour, "no subject"},
		{auth.Claims{Subject: "*"}, time.Hour, "everyone"},
		{auth.Claims{Subject: "a"}, 0, "lasts\u0020"},
		{auth.Claims{Subject: "a"}, -time.Hour, "-1h"},
		{auth.Claims{Subject: "a", Grants: &auth.Grants{Subscribe: []auth.Grant{{Channels: []string{"x"}}}}}, time.Hour, "want streams"},
		{auth.Claims{Subject: "a", Grants: &auth.Grants{Publish: []auth.Grant{{Sessions: []string{""}}}}}, time.Hour, "no stream"},
		{auth.Claims{Subject: "a", Grants: &auth.Grants{Publish: []auth.Grant{{Owners: many}}}}, time.Hour, "at most 8192"},
	} {
		_, err := signer.Mint(tt.claims, tt.lifetime)
		if err == nil || !strings.Contains(strings.Replace(err.Error(), "would last", "lasts", 1), tt.says) {
			t.Errorf("got %v, want %q", err, tt.says)
		}
	}
}

func TestMintedTokensAreLetIn(t *testing.T) {
	for _, name := range []string{"rsa", "p256", "p384", "p521", "ed"} {
		signer, err := auth.ParseSigner([]byte(privatePEM(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		token, err := signer.Mint(auth.Claims{Subject: "alice"}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(t, &auth.Options{KeyFile: write(t, publicPEM(t, name))})
		c, err := v.Verify(t.Context(), token)
		if err != nil || c.Grants != nil || len(c.ID) < 20 || c.Expires.Sub(c.Issued) != time.Hour {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for text, says := range map[string]string{
		"": "one private key", publicPEM(t, "ed"): "want PRIVATE KEY", privatePEM(t, "weak"): "1024 bits",
		privatePEM(t, "ed") + privatePEM(t, "ed"):                        "one private key",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": "malformed",
	} {
		if _, err := auth.ParseSigner([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
