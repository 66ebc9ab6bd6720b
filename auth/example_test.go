package auth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
)

// How do I let in who has a token of my identity provider?
func ExampleVerifier_Authenticate() {
	ctx := context.Background()
	provider, signer := identityProvider()
	defer provider.Close()

	verifier, err := auth.New(ctx, &auth.Options{
		JWKS:     provider.URL + "/.well-known/jwks.json",
		Issuer:   "https://issuer.example",
		Audience: "tidings",
	})
	if err != nil {
		panic(err)
	}
	defer verifier.Close()
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	server := httptest.NewServer(httpapi.New(hub, &httpapi.Options{Authenticate: verifier.Authenticate}))
	defer server.Close()

	token, err := signer.Mint(auth.Claims{Subject: "alice", Issuer: "https://issuer.example", Audience: []string{"tidings"}}, time.Hour)
	if err != nil {
		panic(err)
	}
	for _, path := range []string{"/v1/feed", "/v1/feed?user=bob"} {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		fmt.Println(path, "without a token:", status(req))
		req.Header.Set("Authorization", "Bearer "+token)
		fmt.Println(path, "with alice's:", status(req))
	}
	// Output:
	// /v1/feed without a token: 401 Unauthorized
	// /v1/feed with alice's: 200 OK
	// /v1/feed?user=bob without a token: 401 Unauthorized
	// /v1/feed?user=bob with alice's: 403 Forbidden
}

// How do I let two people watch one run?
func ExampleGrants() {
	signer, err := auth.NewSigner(auth.Secret("32 random bytes, from a file, say"))
	if err != nil {
		panic(err)
	}
	token, err := signer.Mint(auth.Claims{Subject: "bob", Grants: &auth.Grants{Subscribe: []auth.Grant{
		{}, // all of his own
		{Owners: []string{"alice"}, Streams: []string{"agui"}, Sessions: []string{"run-7"}},
	}}}, time.Hour)
	if err != nil {
		panic(err)
	}
	verifier, err := auth.New(context.Background(), &auth.Options{Secret: auth.Secret("32 random bytes, from a file, say")})
	if err != nil {
		panic(err)
	}
	claims, err := verifier.Verify(context.Background(), token)
	if err != nil {
		panic(err)
	}
	access := claims.Access()
	fmt.Println(access.Subscribe(httpapi.Reading{Owner: "alice", Stream: "agui", Session: "run-7"}))
	fmt.Println(access.Subscribe(httpapi.Reading{Owner: "alice", Stream: "agui", Session: "run-8"}))
	fmt.Println(access.Publish(httpapi.Writing{Owner: "bob", Channel: "system"}))
	// Output:
	// true
	// false
	// false
}

// identityProvider returns a server with a public key, as yours is, and what signs
// with it.
func identityProvider() (*httptest.Server, *auth.Signer) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	signer, err := auth.ParseSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		panic(err)
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	})), signer
}

// status makes a request and returns what is said of it.
func status(req *http.Request) string {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	return resp.Status
}
