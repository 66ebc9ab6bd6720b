package auth_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/auth"
)

// at returns a date so far from now, as a token has it.
func at(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }

// TestWhatIsNotLetIn is of tokens and headers that are malformed, hostile or not
// for here, at a server whose keys are public.
func TestWhatIsNotLetIn(t *testing.T) {
	a := serveSet(t, jwks(
		publicJWK("rsa"), publicJWK("p256"), publicJWK("p384"), publicJWK("p521"), publicJWK("ed", `"use":"sig"`, `"key_ops":["verify"]`),
		jwk("rs256only", private()["rsa"].Public(), `"alg":"RS256"`), jwk("enc", private()["other"].Public(), `"use":"enc"`),
		jwk("ops", private()["other"].Public(), `"key_ops":["sign"]`), publicJWK("weak"), publicJWK("other", `"d":"AAAA"`),
		jwk("mixed", private()["ed"].Public(), `"alg":"RS256"`), `{"kty":"oct","kid":"oct","k":"AAAA"}`, `{"kty":"new"}`, `7`,
	))
	pem := []byte(publicPEM(t, "rsa"))
	b64 := base64.RawURLEncoding.EncodeToString
	whole := ed(good())
	parts := strings.Split(whole, ".")
	flipped := func(i int) string {
		raw := []byte(whole)
		raw[i] = map[bool]byte{true: 'B', false: 'A'}[raw[i] == 'A']
		return string(raw)
	}
	embedded := fmt.Sprintf(`"jwk":%s`, jwk("", private()["other"].Public()))
	for _, tt := range []struct {
		name, token string
		says        string // in the description, or the whole challenge if it begins with Bearer
	}{
		// The form.
		{"nothing but dots", "..", "part 1"},
		{"one part", "abc", "three parts"},
		{"two parts", parts[0] + "." + parts[1], "three parts"},
		{"four parts", whole + ".x", "three parts"},
		{"an encrypted token", "a.b.c.d.e", "encrypted"},
		{"no signature", parts[0] + "." + parts[1] + ".", "part 3"},
		{"no claims", parts[0] + ".." + parts[2], "part 2"},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], "part 1"},
		{"base64 that is not for URLs", parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:], "part 3"},
		{"bits left over", b64([]byte("{}")) + "." + "e31" + "." + parts[2], "part 2"},
		{"a space within", parts[0] + ". " + parts[1] + "." + parts[2], "part 2"},
		{"two tokens", whole + " " + whole, "encrypted"},
		{"two with a comma", whole + "," + whole, "encrypted"},
		{"more than 8 KiB", ed(good(`x="` + strings.Repeat("x", 8<<10) + `"`)), "bytes, want at most 8192"},
		{"bytes that are no text", "\xff\xfe.\xff.\xff", "part 1"},
		{"a header that is no JSON", b64([]byte("{")) + "." + parts[1] + "." + parts[2], "JSON object"},
		{"a header that is a list", sign("EdDSA", private()["ed"], `["EdDSA"]`, good()), "JSON object"},
		{"a header that is null", sign("EdDSA", private()["ed"], `null`, good()), "JSON object"},
		{"a header with more after it", sign("EdDSA", private()["ed"], `{"alg":"EdDSA"} {}`, good()), "JSON object"},
		{"a header that is no UTF-8", sign("EdDSA", private()["ed"], "{\"alg\":\"EdDSA\",\"x\":\"\xff\"}", good()), "UTF-8"},

		// Algorithms.
		{"alg none", b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(good())) + ".", "part 3"},
		{"alg none with a signature", b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(good())) + "." + parts[2], "not accepted"},
		{"alg None", b64([]byte(`{"alg":"None"}`)) + "." + b64([]byte(good())) + "." + parts[2], "not accepted"},
		{"no alg", sign("EdDSA", private()["ed"], `{"kid":"ed"}`, good()), "no algorithm"},
		{"an alg that is a number", sign("EdDSA", private()["ed"], `{"alg":1}`, good()), "alg is no string"},
		{"an alg in small letters", sign("EdDSA", private()["ed"], `{"alg":"eddsa","kid":"ed"}`, good()), "not accepted"},
		{"ALG in capitals", sign("EdDSA", private()["ed"], `{"ALG":"EdDSA","kid":"ed"}`, good()), "no algorithm"},
		{"HS256 with the public key in PEM", sign("HS256", pem, `{"alg":"HS256","kid":"rsa"}`, good()), "not accepted"},
		{"HS256 with nothing", sign("HS256", []byte{}, `{"alg":"HS256","kid":"rsa"}`, good()), "not accepted"},
		{"HS256 with the key's n", sign("HS256", []byte(publicJWK("rsa")), `{"alg":"HS256","kid":"rsa"}`, good()), "not accepted"},
		{"ES256 that says RS256", sign("ES256", private()["p256"], `{"alg":"RS256","kid":"p256"}`, good()), "signature"},
		{"RS256 that says ES256", sign("RS256", private()["rsa"], `{"alg":"ES256","kid":"rsa"}`, good()), "signature"},
		{"RS256 that says PS256", sign("RS256", private()["rsa"], `{"alg":"PS256","kid":"rsa"}`, good()), "signature"},
		{"RS256 that says RS512", sign("RS256", private()["rsa"], `{"alg":"RS512","kid":"rsa"}`, good()), "signature"},
		{"ES384 with a key for ES256", sign("ES384", private()["p384"], `{"alg":"ES384","kid":"p256"}`, good()), "signature"},
		{"PS256 with a key for RS256 alone", sign("PS256", private()["rsa"], `{"alg":"PS256","kid":"rs256only"}`, good()), "signature"},
		{"the algorithm of no library", sign("EdDSA", private()["ed"], `{"alg":"RSA-OAEP","kid":"ed"}`, good()), "not accepted"},

		// Signatures and keys.
		{"another's signature", sign("EdDSA", private()["other"], `{"alg":"EdDSA","kid":"ed"}`, good()), "signature"},
		{"another's signature, no kid", sign("EdDSA", private()["other"], `{"alg":"EdDSA"}`, good()), "signature"},
		{"a bit of the claims", flipped(len(parts[0]) + 10), "signature"},
		{"the claims of another token", parts[0] + "." + b64([]byte(good(`sub="bob"`))) + "." + parts[2], "signature"},
		{"an ECDSA signature of nothing", b64([]byte(`{"alg":"ES256","kid":"p256"}`)) + "." + b64([]byte(good())) + "." + b64(make([]byte, 64)), "signature"},
		{"a signature cut short", b64([]byte(`{"alg":"ES256","kid":"p256"}`)) + "." + b64([]byte(good())) + "." + b64([]byte{0}), "signature"},
		{"an unknown kid", sign("EdDSA", private()["ed"], `{"alg":"EdDSA","kid":"nobody"}`, good()), "not known here"},
		{"a kid that is a path", sign("EdDSA", private()["ed"], `{"alg":"EdDSA","kid":"../../dev/null"}`, good()), "not known here"},
		{"a kid that would leave its header", sign("EdDSA", private()["ed"], `{"alg":"EdDSA","kid":"\"\r\nSet-Cookie: a=b"}`, good()), "not known here"},
		{"a kid that is a number", sign("EdDSA", private()["ed"], `{"alg":"EdDSA","kid":1}`, good()), "kid is no string"},
		{"a key for encryption", sign("EdDSA", private()["other"], `{"alg":"EdDSA","kid":"enc"}`, good()), "not known here"},
		{"a key to sign with only", sign("EdDSA", private()["other"], `{"alg":"EdDSA","kid":"ops"}`, good()), "not known here"},
		{"an RSA key of 1024 bits", signed("RS256", "weak", good()), "not known here"},
		{"a key whose private half is published", signed("EdDSA", "other", good()), "not known here"},
		{"its own key in the header", sign("EdDSA", private()["other"], `{"alg":"EdDSA",`+embedded+`}`, good()), "signature"},
		{"its own key in the header, under a kid", sign("EdDSA", private()["other"], `{"alg":"EdDSA","kid":"mine",`+embedded+`}`, good()), "not known here"},

		// Headers.
		{"crit", ed(good(), `"crit":["exp"]`), "crit"},
		{"crit with nothing", ed(good(), `"crit":[]`), "crit"},
		{"b64 false", ed(good(), `"b64":false,"crit":["b64"]`), "header"},
		{"b64 false, not critical", ed(good(), `"b64":false`), "b64"},
		{"a token in a token", ed(good(), `"cty":"JWT"`), "token in the token"},
		{"compressed", ed(good(), `"zip":"DEF"`), "compressed"},
		{"a token for something else", ed(good(), `"typ":"logout+jwt"`), "another type"},
		{"alg twice", ed(good(), `"alg":"EdDSA"`), `two members are named 'alg'`},
		{"kid twice, once escaped", ed(good(), `"\u006bid":"other"`), `two members are named 'kid'`},

		// Claims.
		{"claims that are no JSON", ed("{"), "JSON object"},
		{"claims that are a string", ed(`"alice"`), "JSON object"},
		{"claims that are no UTF-8", ed(strings.Replace(good(), "alice", "ali\xffce", 1)), "UTF-8"},
		{"sub twice", ed(strings.Replace(good(), "{", `{"sub":"bob",`, 1)), `two members are named 'sub'`},
		{"no sub", ed(good("sub")), "no subject"},
		{"SUB in capitals", ed(good("sub", `SUB="alice"`)), "no subject"},
		{"an empty sub", ed(good(`sub=""`)), "no subject"},
		{"a sub that is a number", ed(good(`sub=7`)), "sub is no string"},
		{"a sub that is null", ed(good(`sub=null`)), "sub is no string"},
		{"a sub that is everyone", ed(good(`sub="*"`)), "everyone"},
		{"a sub with a line break", ed(good(`sub="a\nb"`)), "claim sub"},
		{"a sub with a space at its end", ed(good(`sub="alice "`)), "claim sub"},
		{"a sub with half a character", ed(good(`sub="ali\ud800ce"`)), "claim sub"},
		{"a sub of 300 bytes", ed(good(`sub="` + strings.Repeat("a", 300) + `"`)), "claim sub"},
		{"no exp", ed(good("exp")), "(exp)"},
		{"an exp that is a string", ed(good(`exp="` + at(time.Hour) + `"`)), "exp: want seconds"},
		{"an exp that is null", ed(good(`exp=null`)), "exp: want seconds"},
		{"an exp that no clock shows", ed(good(`exp=1e300`)), "exp: want seconds"},
		{"an exp before 1970", ed(good(`exp=-1`)), "exp: want seconds"},
		{"expired", ed(good("iat="+at(-2*time.Hour), "exp="+at(-time.Hour))), "expired at"},
		{"expired a second ago", ed(good("iat="+at(-time.Hour), "exp="+at(-time.Second))), "expired at"},
		{"not before an hour", ed(good("nbf=" + at(time.Hour))), "not good before"},
		{"issued in an hour", ed(good("iat="+at(time.Hour), "exp="+at(2*time.Hour))), "in the future"},
		{"no iat", ed(good("iat")), "(iat)"},
		{"for two days", ed(good("exp=" + at(48*time.Hour))), "want at most 24h"},
		{"for ever", ed(good("exp=253402300799")), "want at most 24h"},
		{"for two days, on its second", ed(good("iat="+at(-47*time.Hour), "exp="+at(time.Hour))), "want at most 24h"},
		{"no iss", ed(good("iss")), "issuer"},
		{"another iss", ed(good(`iss="https://issuer.example/"`)), "issuer"},
		{"no aud", ed(good("aud")), "for others"},
		{"another aud", ed(good(`aud="tiding"`)), "for others"},
		{"an aud that has it within", ed(good(`aud=["xtidings","tidings "]`)), "for others"},
		{"an aud of nothing", ed(good(`aud=[]`)), "for others"},
		{"an aud that is a number", ed(good(`aud=[1]`)), "aud: want a list"},
		{"a jti that is a number", ed(good(`jti=1`)), "jti is no string"},

		// Grants.
		{"grants that are null", ed(good(`tidings=null`)), "tidings:"},
		{"grants that are a list", ed(good(`tidings=[]`)), "tidings:"},
		{"grants with an unknown member", ed(good(`tidings={"subscribed":[]}`)), `no member 'subscribed'`},
		{"grants with a member in capitals", ed(good(`tidings={"Admin":true}`)), `no member 'Admin'`},
		{"a restriction that is mistyped", ed(good(`tidings={"subscribe":[{"sesions":["a"]}]}`)), `no member 'sesions'`},
		{"admin that is a string", ed(good(`tidings={"admin":"true"}`)), "true or false"},
		{"admin that is 1", ed(good(`tidings={"admin":1}`)), "true or false"},
		{"subscribe that is null", ed(good(`tidings={"subscribe":null}`)), "list of objects"},
		{"subscribe that is an object", ed(good(`tidings={"subscribe":{}}`)), "list of objects"},
		{"a grant that is a string", ed(good(`tidings={"subscribe":["alice"]}`)), "subscribe[0]"},
		{"owners that are null", ed(good(`tidings={"subscribe":[{"owners":null}]}`)), "owners: want a list"},
		{"owners that are a string", ed(good(`tidings={"subscribe":[{"owners":"*"}]}`)), "owners: want a list"},
		{"an owner that is null", ed(good(`tidings={"subscribe":[{"owners":[null]}]}`)), "owners: want a list"},
		{"owners twice", ed(good(`tidings={"subscribe":[{"owners":[],"owners":["*"]}]}`)), `two members are named 'owners'`},
		{"an owner with a line break", ed(good(`tidings={"publish":[{"owners":["a\nb"]}]}`)), "claim tidings"},
		{"channels to subscribe to", ed(good(`tidings={"subscribe":[{"channels":["agui"]}]}`)), "want streams"},
		{"streams to publish on", ed(good(`tidings={"publish":[{"streams":["agui"]}]}`)), "want channels"},
		{"a session without a name", ed(good(`tidings={"subscribe":[{"sessions":[""]}]}`)), "is no stream, channel or session"},
		{"sessions by a star", ed(good(`tidings={"subscribe":[{"sessions":["*"]}]}`)), "is no stream, channel or session"},
	} {
		got := a.feed(tt.token)
		_, description, _ := strings.Cut(got.challenge, `Bearer error="invalid_token", error_description="`)
		if got.status != 401 || got.problem != "unauthorized" || !strings.Contains(description, tt.says) {
			t.Errorf("%s: got %+v, want %q", tt.name, got, tt.says)
		}
		keepsQuiet(t, tt.name, tt.token, got)
	}
	if got := a.feed(whole); got.status != 200 {
		t.Errorf("a good one: %+v", got)
	}
}

// keepsQuiet fails where an answer has a part of the token in it.
func keepsQuiet(t *testing.T, name, token string, got answer) {
	t.Helper()
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 20 && strings.Contains(got.detail+got.challenge, part[:20]) {
			t.Errorf("%s: the answer has a part of the token: %+v", name, got)
		}
	}
	for _, r := range got.challenge {
		if r < ' ' || r > '~' {
			t.Errorf("%s: the challenge has %q", name, r)
		}
	}
}

// TestHeadersThatAreNotLetIn is of what is wrong around a token.
func TestHeadersThatAreNotLetIn(t *testing.T) {
	server := serve(t, &auth.Options{Secret: secret, Cookie: "tidings"})
	token, bad := hs(good()), hs(good("exp"))
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
		says    string // the challenge, or a part of the description
	}{
		{"nothing", nil, 401, "Bearer"},
		{"another cookie", []string{"Cookie: session=" + token}, 401, "Bearer"},
		{"a name that differs in capitals", []string{"Cookie: Tidings=" + token}, 401, "Bearer"},
		{"Basic", []string{"Authorization: Basic YTpi"}, 401, "Bearer"},
		{"Basic, and a good cookie", []string{"Authorization: Basic YTpi", "Cookie: tidings=" + token}, 401, "Bearer"},
		{"a bad token, and a good cookie", []string{"Authorization: Bearer " + bad, "Cookie: tidings=" + token}, 401, "(exp)"},
		{"an empty header, and a good cookie", []string{"Authorization: ", "Cookie: tidings=" + token}, 401, "Bearer"},
		{"the token alone", []string{"Authorization: " + token}, 401, "Bearer"},
		{"Bearer alone", []string{"Authorization: Bearer"}, 401, "no token after Bearer"},
		{"Bearer and a space", []string{"Authorization: Bearer "}, 401, "no token after Bearer"},
		{"Bearer and a colon", []string{"Authorization: Bearer: " + token}, 401, "Bearer"},
		{"Bearer and a tab", []string{"Authorization: Bearer\t" + token}, 401, "Bearer"},
		{"in quotes", []string{`Authorization: Bearer "` + token + `"`}, 401, "part 1"},
		{"as a parameter", []string{"Authorization: Bearer token=" + token}, 401, "part 1"},
		{"two headers", []string{"Authorization: Bearer " + token, "Authorization: Bearer " + token}, 400, ""},
		{"two headers, one of another scheme", []string{"Authorization: Basic YTpi", "Authorization: Bearer " + token}, 400, ""},
		{"two cookies", []string{"Cookie: tidings=" + token + "; tidings=" + token}, 400, ""},
		{"two headers with cookies", []string{"Cookie: tidings=" + token, "Cookie: tidings=" + bad}, 400, ""},
		{"a bad cookie", []string{"Cookie: tidings=" + bad}, 401, "(exp)"},
		{"an empty cookie", []string{"Cookie: tidings="}, 401, "three parts"},
		{"X-Forwarded-User", []string{"X-Forwarded-User: alice", "Tidings-User: alice"}, 401, "Bearer"},

		{"the header", []string{"Authorization: Bearer " + token}, 200, ""},
		{"in small letters", []string{"Authorization: bearer " + token}, 200, ""},
		{"in capitals, and spaces", []string{"Authorization: BEARER   " + token}, 200, ""},
		{"the cookie", []string{"Cookie: tidings=" + token}, 200, ""},
		{"the cookie in quotes, as cookies may be", []string{`Cookie: a=b; tidings="` + token + `"`}, 200, ""},
		{"the header, and a bad cookie", []string{"Authorization: Bearer " + token, "Cookie: tidings=" + bad}, 200, ""},
	} {
		got := server.do("GET", "/v1/feed", "", tt.headers...)
		right := got.challenge == tt.says || strings.Contains(got.challenge, "error_description") && strings.Contains(got.challenge, tt.says)
		if got.status != tt.status || !right {
			t.Errorf("%s: got %+v, want %d %q", tt.name, got, tt.status, tt.says)
		}
		keepsQuiet(t, tt.name, token, got)
	}
	for _, query := range []string{"access_token", "token", "authorization", "jwt", "tidings"} {
		if got := server.do("GET", "/v1/feed?"+query+"="+token, ""); got.status != 401 || got.challenge != "Bearer" {
			t.Errorf("?%s=: %+v", query, got)
		}
	}
}

// TestSecretsAreNoPublicKeys is of tokens at a server with a secret.
func TestSecretsAreNoPublicKeys(t *testing.T) {
	a := serve(t, &auth.Options{Secret: secret})
	for _, tt := range []struct {
		name, token string
		status      int
	}{
		{"HS256", hs(good()), 200},
		{"HS384", sign("HS384", []byte(secret), `{"alg":"HS384"}`, good()), 200},
		{"HS512", sign("HS512", []byte(secret), `{"alg":"HS512","kid":"any"}`, good()), 200},
		{"HS512 that says HS256", sign("HS512", []byte(secret), `{"alg":"HS256"}`, good()), 401},
		{"another secret", sign("HS256", []byte(strings.Repeat("x", 32)), `{"alg":"HS256"}`, good()), 401},
		{"half of the secret", sign("HS256", []byte(secret[:16]), `{"alg":"HS256"}`, good()), 401},
		{"no secret", sign("HS256", []byte{}, `{"alg":"HS256"}`, good()), 401},
		{"RS256", signed("RS256", "rsa", good()), 401},
		{"EdDSA", ed(good()), 401},
		{"none", strings.Replace(hs(good()), "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJub25lIn0", 1), 401},
	} {
		if got := a.feed(tt.token); got.status != tt.status {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
