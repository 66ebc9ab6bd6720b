package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const issuer, audience = "https://issuer.example", "tidings"

var secret = auth.Secret("0123456789abcdef0123456789abcdef")

// private keys, by the name that they have as kid.
var private = sync.OnceValue(func() map[string]crypto.Signer {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	all := map[string]crypto.Signer{"ed": ed, "other": other}
	for name, bits := range map[string]int{"rsa": 2048, "weak": 1024} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		all[name] = k
	}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		all[name] = k
	}
	return all
})

// jwk returns a public key as a JSON Web Key, with further members such as
// `"use":"sig"`.
func jwk(kid string, public any, more ...string) string {
	encode := base64.RawURLEncoding.EncodeToString
	var own string
	switch k := public.(type) {
	case *rsa.PublicKey:
		own = fmt.Sprintf(`"kty":"RSA","n":%q,"e":%q`, encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		own = fmt.Sprintf(`"kty":"EC","crv":%q,"x":%q,"y":%q`, k.Params().Name, encode(point[1:1+half]), encode(point[1+half:]))
	case ed25519.PublicKey:
		own = fmt.Sprintf(`"kty":"OKP","crv":"Ed25519","x":%q`, encode(k))
	}
	members := append([]string{own}, more...)
	if kid != "" {
		members = append(members, fmt.Sprintf(`"kid":%q`, kid))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// jwks returns a JSON Web Key Set.
func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// publicJWK returns the public half of a key by name.
func publicJWK(name string, more ...string) string {
	return jwk(name, private()[name].Public(), more...)
}

// publicPEM returns the public half of a key by name.
func publicPEM(t testing.TB, name string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(private()[name].Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// privatePEM returns a key by name.
func privatePEM(t testing.TB, name string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private()[name])
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// write writes a file.
func write(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// good are claims that nothing is wrong with, with changes: "name" takes a claim
// away, "name=JSON" sets it.
func good(changes ...string) string {
	now := time.Now().Unix()
	claims := map[string]json.RawMessage{
		"sub": json.RawMessage(`"alice"`), "iss": json.RawMessage(`"` + issuer + `"`), "aud": json.RawMessage(`"` + audience + `"`),
		"iat": json.RawMessage(fmt.Sprint(now)), "exp": json.RawMessage(fmt.Sprint(now + 3600)), "jti": json.RawMessage(`"t1"`),
	}
	for _, change := range changes {
		name, value, set := strings.Cut(change, "=")
		if delete(claims, name); set {
			claims[name] = json.RawMessage(value)
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sign returns a token of a header and claims as they are, signed by the
// algorithm with a key.
func sign(alg string, key any, header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode([]byte(claims))
	signature, err := jwt.GetSigningMethod(alg).Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + encode(signature)
}

// signed returns a token of claims, signed with the key of that name.
func signed(alg, name, claims string) string {
	return sign(alg, private()[name], fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"JWT"}`, alg, name), claims)
}

// ed returns a token that is signed with the key "ed", with further members of
// its header.
func ed(claims string, header ...string) string {
	return sign("EdDSA", private()["ed"], `{`+strings.Join(append([]string{`"alg":"EdDSA"`, `"kid":"ed"`}, header...), ",")+`}`, claims)
}

// hs returns a token that is signed with the secret.
func hs(claims string) string {
	return sign("HS256", []byte(secret), `{"alg":"HS256"}`, claims)
}

// An api is a hub that is served to who has a token.
type api struct {
	t        testing.TB
	url      string
	hub      *tidings.Hub
	verifier *auth.Verifier
}

// newVerifier returns a verifier that ends with the test.
func newVerifier(t testing.TB, opts *auth.Options) *auth.Verifier {
	t.Helper()
	v, err := auth.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// serve serves a hub to who has a token.
func serve(t testing.TB, opts *auth.Options) *api {
	t.Helper()
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	v := newVerifier(t, opts)
	server := httptest.NewServer(httpapi.New(hub, &httpapi.Options{Authenticate: v.Authenticate}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return &api{t, server.URL, hub, v}
}

// serveSet serves a hub that has its keys from a server of its own.
func serveSet(t testing.TB, set string) *api {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, set) }))
	t.Cleanup(server.Close)
	return serve(t, &auth.Options{JWKS: server.URL, Issuer: issuer, Audience: audience})
}

// An answer is what a request got.
type answer struct {
	status                     int
	problem, detail, challenge string
}

// do makes a request. Headers are "Name: value".
func (a *api) do(method, path, body string, headers ...string) answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, h := range append([]string{"Content-Type: application/json"}, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	got := answer{status: resp.StatusCode, challenge: resp.Header.Get("WWW-Authenticate")}
	if resp.StatusCode != http.StatusOK {
		var p struct{ Type, Detail string }
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			a.t.Fatal(err)
		}
		_, got.problem, _ = strings.Cut(p.Type, "#")
		got.detail = p.Detail
	}
	return got
}

// feed asks for the newest events of the owner that the token means.
func (a *api) feed(token string) answer {
	a.t.Helper()
	return a.do("GET", "/v1/feed", "", "Authorization: Bearer "+token)
}
