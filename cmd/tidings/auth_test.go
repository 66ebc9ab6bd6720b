package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/auth"
)

const testSecret = "0123456789abcdef0123456789abcdef"

// file writes a file of a test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// minted returns what tidings token prints.
func minted(t *testing.T, args ...string) string {
	t.Helper()
	got := finished(t, "", append([]string{"token"}, args...)...)
	if got.code != 0 || strings.Count(got.out, "\n") != 1 {
		t.Fatalf("token %v: %+v", args, got)
	}
	return strings.TrimSpace(got.out)
}

// asks returns the status of a request with a token.
func asks(t *testing.T, url, token string) int {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Who has a token is served, by any address; commands have theirs from the
// variable or a file.
func TestServeWithTokens(t *testing.T) {
	t.Setenv(secretEnv, testSecret)
	p := start(t, "serve", "--log", "memory", "--addr", "0.0.0.0:0")
	_, rest, _ := strings.Cut(p.line(p.errs, "listens on"), "listens on ")
	url, _, _ := strings.Cut(rest, ",")
	url = "http://127.0.0.1:" + url[strings.LastIndex(url, ":")+1:]
	p.line(p.errs, "token --subject alice")
	if a, b := asks(t, url+"/v1/feed", ""), asks(t, url+"/v1/feed", "a.b.c"); a != 401 || b != 401 {
		t.Errorf("without a token: %d, %d", a, b)
	}

	refused := finished(t, "", "publish", "--url", url, "--data", "1")
	if refused.code != 1 || !strings.Contains(refused.err, "TIDINGS_TOKEN") {
		t.Errorf("publish without a token: %+v", refused)
	}
	alice := minted(t, "--subject", "alice")
	t.Setenv("TIDINGS_TOKEN_FILE", file(t, "token", alice+"\n"))
	if got := finished(t, "", "publish", "--url", url, "--data", `"hello"`); got.code != 0 || got.err != "" {
		t.Errorf("publish: %+v", got)
	}
	if got := finished(t, "", "publish", "--url", url, "--user", "bob", "--data", "1"); got.code != 1 || !strings.Contains(got.err, "403") {
		t.Errorf("publish for bob: %+v", got)
	}
	os.Unsetenv("TIDINGS_TOKEN_FILE")
	t.Setenv(tokenEnv, alice)
	if got := finished(t, "", "tail", "--url", url, "--user", "alice", "--from-start", "-n", "1"); got.code != 0 || parse(t, got.out)[0].User != "alice" {
		t.Errorf("tail: %+v", got)
	}
	if got := finished(t, "", "replay", "--url", url, "--speed", "max", "--channel", "agui", "../../testdata/runs/agui/ag2.simple.jsonl"); got.code != 0 {
		t.Errorf("replay: %+v", got)
	}
}

// Keys of an issuer, and keys in a file, are those of tokens that another made.
func TestServeWithPublicKeys(t *testing.T) {
	const private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	const set = `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}` // RFC 8037, A.1 and A.2
	key := file(t, "private.pem", private)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(set)) }))
	defer issuer.Close()
	for _, args := range [][]string{{"--auth-key-file", file(t, "keys.json", set)}, {"--auth-jwks-url", issuer.URL}} {
		_, url := serving(t, append(args, "--auth-issuer", "me", "--auth-audience", "tidings", "--auth-max-lifetime", "2h")...)
		for want, token := range map[int][]string{
			200: {"--issuer", "me", "--audience", "tidings", "--lifetime", "2h"},
			401: {"--issuer", "me", "--audience", "tidings", "--lifetime", "3h"},
		} {
			made := minted(t, append([]string{"--subject", "alice", "--key-file", key}, token...)...)
			if got := asks(t, url+"/v1/feed", made); got != want {
				t.Errorf("%v %v: %d, want %d", args, token, got, want)
			}
		}
		if got := asks(t, url+"/v1/feed", minted(t, "--subject", "alice", "--key-file", key, "--issuer", "me")); got != 401 {
			t.Errorf("%v, no audience: %d", args, got)
		}
	}
}

func TestTokenHasWhatItsFlagsSay(t *testing.T) {
	t.Setenv(secretEnv, testSecret)
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{nil, `null`},
		{[]string{"--admin"}, `{"admin":true}`},
		{[]string{"--subscribe", ""}, `{"subscribe":[{}]}`},
		{[]string{"--subscribe", "bob", "--subscribe", "alice:agui:run-7"}, `{"subscribe":[{"owners":["bob"]},{"owners":["alice"],"streams":["agui"],"sessions":["run-7"]}]}`},
		{[]string{"--publish", "*", "--publish", "::s"}, `{"publish":[{"owners":["*"]},{"sessions":["s"]}]}`},
		{[]string{"--publish", ":agui"}, `{"publish":[{"channels":["agui"]}]}`},
		{[]string{"--subscribe", `{"owners":["a:b"],"sessions":[]}`}, `{"subscribe":[{"owners":["a:b"],"sessions":[]}]}`},
	} {
		got := finished(t, "", append([]string{"token", "--subject", "bob", "--json", "--lifetime", "90s"}, tt.flags...)...)
		var made struct {
			Token  string
			Claims struct {
				Sub      string
				Exp, Iat int
				Tidings  json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(got.out), &made); err != nil || got.code != 0 || got.err != "" {
			t.Fatalf("%v: %v, %+v", tt.flags, err, got)
		}
		if made.Claims.Tidings == nil {
			made.Claims.Tidings = []byte("null")
		}
		if string(made.Claims.Tidings) != tt.want || made.Claims.Sub != "bob" || made.Claims.Exp-made.Claims.Iat != 90 {
			t.Errorf("%v: got %s, want %s", tt.flags, got.out, tt.want)
		}
		v, err := auth.New(t.Context(), &auth.Options{Secret: auth.Secret(testSecret)})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := v.Verify(t.Context(), made.Token); err != nil || c.Expires.Sub(c.Issued) != 90*time.Second {
			t.Errorf("%v: %+v, %v", tt.flags, c, err)
		}
	}
}

func TestTokenSaysWhatIsInIt(t *testing.T) {
	got := finished(t, "", "token", "--subject", "alice", "--secret-file", file(t, "secret", testSecret+"\r\n"))
	if got.code != 0 || !strings.Contains(got.err, `"sub":"alice"`) || strings.Contains(got.err, testSecret) || strings.Count(got.out, ".") != 2 {
		t.Errorf("%+v", got)
	}
}

func TestFlagsAboutTokensThatContradict(t *testing.T) {
	secret, short := file(t, "secret", testSecret), file(t, "short", "secret")
	for _, tt := range []struct {
		env, args string
		says      string
	}{
		{"", "serve --addr :0", "--auth-jwks-url"},
		{"", "serve --auth-issuer me", "--auth-issuer is about tokens"},
		{"", "serve --auth-skew 1s", "--auth-skew is about tokens"},
		{"", "serve --auth-jwks-url=", "--auth-jwks-url is empty"},
		{"", "serve --auth-secret-file=", "--auth-secret-file is empty"},
		{"", "serve --auth-jwks-url https://a/ --auth-key-file x", "two ways"},
		{"", "serve --auth-jwks-url http://issuer.example/keys", "want https"},
		{"", "serve --auth-jwks-url issuer.example", "--auth-jwks-url: want"},
		{"", "serve --auth-key-file nosuch.pem", "nosuch.pem"},
		{"", "serve --auth-key-file " + secret, "BEGIN PUBLIC KEY"},
		{"", "serve --auth-secret-file nosuch", "nosuch"},
		{"", "serve --auth-secret-file " + short, "6 bytes"},
		{"", "serve --auth-secret-file " + secret + " --auth-skew 6m", "5m"},
		{"", "serve --auth-secret-file " + secret + " --auth-max-lifetime 0.5s", "1s"},
		{"", "serve --auth-secret " + testSecret, "--auth-secret"},
		{secretEnv + "=", "serve", secretEnv + " is empty"},
		{secretEnv + "=short", "serve", "5 bytes"},
		{secretEnv + "=" + testSecret, "serve --auth-jwks-url https://a/", "two ways"},
		{"TIDINGS_AUTH_JWKS_URL=", "serve", "--auth-jwks-url is empty"},
		{"TIDINGS_AUTH_AUDIENCE=tidings", "serve", "--auth-audience is about tokens"},

		{"", "token --subject a", "with which key?"},
		{"", "token --subject a --secret " + testSecret, "--secret"},
		{"", "token --subject a --key-file x --secret-file y", "two keys"},
		{"", "token --subject a --key-file nosuch.pem", "nosuch.pem"},
		{"", "token --subject a --key-file " + secret, "private key in PEM"},
		{secretEnv + "=short", "token --subject a", "5 bytes"},
		{secretEnv + "=" + testSecret, "token", "--subject"},
		{secretEnv + "=" + testSecret, "token --subject *", "everyone"},
		{secretEnv + "=" + testSecret, "token --subject a --lifetime 0s", "more than nothing"},
		{secretEnv + "=" + testSecret, "token --subject a --subscribe a:b:c:d", "OWNER:STREAM:SESSION"},
		{secretEnv + "=" + testSecret, "token --subject a --subscribe a:b:*", "no stream"},
		{secretEnv + "=" + testSecret, `token --subject a --subscribe {"streams":["x"],"sesions":[]}`, "sesions"},
		{secretEnv + "=" + testSecret, `token --subject a --publish {"streams":["x"]}`, "want channels"},

		{"", "publish --data 1 --token-file nosuch", "nosuch"},
		{"", "publish --data 1 --token-file " + file(t, "empty", " \n"), "not one token"},
		{"", "tail --token-file " + file(t, "two", "a.b.c d.e.f"), "not one token"},
	} {
		cmd := command(t, strings.Fields(tt.args)...)
		if tt.env != "" {
			cmd.Env = append(cmd.Env, tt.env)
		}
		var errs strings.Builder
		cmd.Stderr = &errs
		_ = cmd.Run() // the code says it
		leaked := strings.Contains(errs.String(), testSecret) || strings.Contains(errs.String(), "d.e.f")
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(errs.String(), tt.says) || leaked {
			t.Errorf("%s %s: exit %d, %s, want %q", tt.env, tt.args, code, errs.String(), tt.says)
		}
	}
}

// A token that anybody on the way can read is worth a word.
func TestTokenOverPlainHTTPIsWarnedOf(t *testing.T) {
	t.Setenv(tokenEnv, "a.b.c")
	for url, want := range map[string]bool{"http://tidings.invalid": true, "http://127.0.0.1:1": false, "https://127.0.0.1:1": false} {
		got := finished(t, "", "publish", "--data", "1", "--patience", "90ms", "--url", url)
		if strings.Contains(got.err, "plain HTTP") != want {
			t.Errorf("%s: %+v", url, got)
		}
	}
}
