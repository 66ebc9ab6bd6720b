package auth_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
)

// fuzzed is a key that is the same in every process, as the tokens of a corpus
// want it.
var fuzzed = ed25519.NewKeyFromSeed([]byte(secret))

// fuzzedSet returns verifiers with keys and with a secret.
func fuzzedSet(f *testing.F) []*auth.Verifier {
	set := jwks(jwk("k", fuzzed.Public()), publicJWK("rsa"), publicJWK("p256"), jwk("", private()["p384"].Public()))
	return []*auth.Verifier{
		newVerifier(f, &auth.Options{KeyFile: write(f, set), Cookie: "tidings"}),
		newVerifier(f, &auth.Options{Secret: secret, Cookie: "tidings"}),
	}
}

// Nobody is let in but with a token that was signed, whatever else is sent.
func FuzzAuthenticate(f *testing.F) {
	verifiers := fuzzedSet(f)
	header := `{"alg":"EdDSA","kid":"k"}`
	// The processes that fuzz take the same for genuine.
	began := time.Now().Truncate(12 * time.Hour).Unix()
	good := func(changes ...string) string {
		return good(append([]string{fmt.Sprint("iat=", began), fmt.Sprint("exp=", began+24*3600)}, changes...)...)
	}
	genuine := []string{
		sign("EdDSA", fuzzed, header, good()), sign("EdDSA", fuzzed, `{"alg":"EdDSA"}`, good(`tidings={"admin":true}`)),
		hs(good()), signed("RS256", "rsa", good()), signed("PS512", "rsa", good()), signed("ES256", "p256", good()), signed("ES384", "p384", good()),
	}
	for _, token := range genuine {
		f.Add("Bearer "+token, "")
		f.Add("", "tidings="+token)
		f.Add("bearer  "+token+" ", "a=b; tidings="+token[1:])
	}
	for _, token := range []string{
		"..", "eyJhbGciOiJub25lIn0.e30.", ed(good()), signed("RS256", "weak", good()), sign("EdDSA", fuzzed, `{"alg":"HS256","kid":"k"}`, good()),
		sign("HS256", []byte(jwk("k", fuzzed.Public())), `{"alg":"HS256","kid":"k"}`, good()), sign("EdDSA", fuzzed, `{"alg":"EdDSA","crit":["x"]}`, good()),
		sign("EdDSA", fuzzed, header, good(`sub="*"`)), sign("EdDSA", fuzzed, header, good("exp")),
	} {
		f.Add("Bearer "+token, "tidings="+token)
	}
	f.Fuzz(func(t *testing.T, authorization, cookie string) {
		for _, v := range verifiers {
			r := (&http.Request{Method: "GET", Header: http.Header{}}).WithContext(t.Context())
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			r.Header.Set("Cookie", cookie)
			_, err := v.Authenticate(r)
			if err != nil {
				continue
			}
			if !slices.ContainsFunc(genuine, func(token string) bool {
				text := token[:strings.LastIndex(token, ".")+1]
				return strings.Contains(authorization, text) || strings.Contains(cookie, text)
			}) {
				t.Errorf("let in: %q %q", authorization, cookie)
			}
		}
	})
}

// Claims are what they say, whoever reads them: what is let in reads the same
// after it was written anew, and grants nothing of an owner that it does not name.
func FuzzClaims(f *testing.F) {
	v := fuzzedSet(f)[0]
	for _, change := range []string{
		"sub", `sub="*"`, "exp=1e9", "exp=4e9", `aud=["a"]`, `tidings={}`, `tidings={"admin":true,"publish":[{"owners":["*"]}]}`,
		`tidings={"subscribe":[{"owners":["mallory"],"streams":["feed"],"sessions":[]}]}`, `tidings={"subscribe":[{"owners":[],"owners":["*"]}]}`,
		`tidings={"publish":[{"channels":["x"]}],"subscribe":[{"sessions":["s"]}]}`, `x={"a":[{"a":1},{"a":2}]}`,
	} {
		f.Add(good(change))
	}
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := v.Verify(t.Context(), sign("EdDSA", fuzzed, `{"alg":"EdDSA","kid":"k"}`, payload))
		if err != nil {
			return
		}
		if !time.Now().Before(c.Expires) || c.Subject == "" {
			t.Errorf("let in: %s", payload)
		}
		a := c.Access()
		reads := a.Subscribe(httpapi.Reading{Owner: "mallory", Stream: "feed"}) || a.Publish(httpapi.Writing{Owner: "mallory", Channel: "agui"})
		if reads && !strings.ContainsAny(payload, `*\`) && !strings.Contains(payload, "mallory") {
			t.Errorf("grants mallory's: %s", payload)
		}
		again := new(auth.Claims)
		text, err := c.MarshalJSON()
		if err == nil {
			err = again.UnmarshalJSON(text)
		}
		c.Expires, c.NotBefore, c.Issued = whole(c.Expires), whole(c.NotBefore), whole(c.Issued)
		if diff := cmp.Diff(again, c); err != nil || diff != "" {
			t.Errorf("%s: %v (-again +first)\n%s", payload, err, diff)
		}
	})
}

// whole returns a date as tokens write it.
func whole(t time.Time) time.Time { return t.Truncate(time.Second) }
