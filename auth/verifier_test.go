package auth_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
)

// algorithms are those of public keys, and the key of each.
var algorithms = map[string]string{
	"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
	"ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed",
}

func TestEveryAlgorithmOfEverySource(t *testing.T) {
	set := jwks(publicJWK("rsa"), publicJWK("p256"), publicJWK("p384"), publicJWK("p521"), publicJWK("ed", `"alg":"EdDSA"`))
	pem := publicPEM(t, "rsa") + publicPEM(t, "p256") + publicPEM(t, "p384") + publicPEM(t, "p521") + "\n" + publicPEM(t, "ed")
	for source, a := range map[string]*api{
		"a URL":             serveSet(t, set),
		"a file with a set": serve(t, &auth.Options{KeyFile: write(t, set)}),
		"a file in PEM":     serve(t, &auth.Options{KeyFile: write(t, pem)}),
	} {
		for alg, name := range algorithms {
			for form, header := range map[string]string{"kid": fmt.Sprintf(`{"alg":%q,"kid":%q}`, alg, name), "no kid": fmt.Sprintf(`{"alg":%q,"typ":"at+jwt"}`, alg)} {
				if got := a.feed(sign(alg, private()[name], header, good())); got.status != 200 {
					t.Errorf("%s, %s, %s: %+v", source, alg, form, got)
				}
			}
		}
	}
}

func TestTokensThatAreLetIn(t *testing.T) {
	a := serveSet(t, jwks(publicJWK("ed")))
	for name, token := range map[string]string{
		"clocks that differ":          ed(good("iat="+at(25*time.Second), "nbf="+at(25*time.Second))),
		"a fraction of a second":      ed(good("exp=" + at(time.Hour) + ".5")),
		"an audience among others":    ed(good(`aud=["other","tidings"]`)),
		"no jti and no nbf":           ed(good("jti")),
		"claims that are not ours":    ed(good(`scope="a b"`, `realm={"a":[1,{"b":null}]}`)),
		"a whole day":                 ed(good("exp=" + at(24*time.Hour-time.Second))),
		"a certificate in the header": ed(good(), `"x5c":["AAAA"]`, `"x5u":"http://127.0.0.1:1/"`, `"jku":"http://127.0.0.1:1/"`),
		"a type in capitals":          ed(good(), `"typ":"application/AT+JWT"`),
	} {
		if got := a.feed(token); got.status != 200 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Skew lets a token begin early. It does not let it last.
func TestTimeOfATokenToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, &auth.Options{Secret: secret, Skew: time.Minute, MaxLifetime: 2 * time.Hour})
		start := time.Now()
		token := hs(good("iat="+at(time.Hour), "nbf="+at(2*time.Hour), "exp="+at(3*time.Hour)))
		var got []string
		for _, after := range []time.Duration{
			0, 2*time.Hour - 61*time.Second, 2*time.Hour - 60*time.Second, 3*time.Hour - time.Nanosecond, 3 * time.Hour, 4 * time.Hour,
		} {
			time.Sleep(time.Until(start.Add(after)))
			c, err := v.Verify(t.Context(), token)
			if err == nil && !c.Expires.Equal(start.Add(3*time.Hour)) {
				t.Errorf("it expires at %s", c.Expires)
			}
			got = append(got, fmt.Sprint(err == nil))
		}
		if want := "false false true true false false"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	public := write(t, publicPEM(t, "ed"))
	for _, tt := range []struct {
		opts *auth.Options
		says string
	}{
		{nil, "0 sources"},
		{&auth.Options{Secret: secret, KeyFile: public}, "2 sources"},
		{&auth.Options{Secret: auth.Secret{}}, "0 bytes"},
		{&auth.Options{Secret: secret[:31]}, "31 bytes"},
		{&auth.Options{Secret: auth.Secret(publicPEM(t, "ed"))}, "PEM"},
		{&auth.Options{Secret: auth.Secret(" " + jwks(publicJWK("ed")))}, "PEM"},
		{&auth.Options{Secret: secret, Skew: 6 * time.Minute}, "at most 5m"},
		{&auth.Options{Secret: secret, MaxLifetime: -time.Hour}, "lifetime"},
		{&auth.Options{Secret: secret, Cookie: "a b"}, "cookie"},
		{&auth.Options{JWKS: "issuer.example/keys"}, "URL of keys"},
		{&auth.Options{JWKS: "file:///etc/keys"}, "URL of keys"},
		{&auth.Options{JWKS: "http://issuer.example/keys"}, "https"},
		{&auth.Options{JWKS: "http://127.0.0.1.example/keys"}, "https"},
		{&auth.Options{JWKS: "https://a:hunter2@issuer.example/keys"}, "without user"},
		{&auth.Options{KeyFile: public + ".not"}, "no such file"},
		{&auth.Options{KeyFile: write(t, "")}, "from 1 to"},
		{&auth.Options{KeyFile: write(t, "a key")}, "BEGIN PUBLIC KEY"},
		{&auth.Options{KeyFile: write(t, publicPEM(t, "ed")+"a key")}, "BEGIN PUBLIC KEY"},
		{&auth.Options{KeyFile: write(t, privatePEM(t, "ed"))}, "openssl pkey"},
		{&auth.Options{KeyFile: write(t, publicPEM(t, "weak"))}, "1024 bits"},
		{&auth.Options{KeyFile: write(t, exponentOne(t))}, "exponent 1"},
		{&auth.Options{KeyFile: write(t, strings.Repeat(publicPEM(t, "ed"), 17))}, "17 keys"},
		{&auth.Options{KeyFile: write(t, `{"keys":[]}`)}, "there are none"},
		{&auth.Options{KeyFile: write(t, `{"keys":7}`)}, "JSON Web Key Set"},
		{&auth.Options{KeyFile: write(t, jwks(publicJWK("weak")))}, "1024 bits"},
		{&auth.Options{KeyFile: write(t, jwks(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`))}, "malformed"},
		{&auth.Options{KeyFile: write(t, jwks(strings.Replace(publicJWK("rsa"), `"e":"AQAB"`, `"e":"AQ"`, 1)))}, "malformed"},
		{&auth.Options{KeyFile: write(t, jwks(publicJWK("ed", `"d":"AAAA"`)))}, "not public"},
		{&auth.Options{KeyFile: write(t, "{"+strings.Repeat(" ", 1<<20))}, "1048576 bytes"},
	} {
		_, err := auth.New(t.Context(), tt.opts)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %q", err, tt.says)
		}
	}
	for _, url := range []string{"https://issuer.example/keys?p=1", "http://localhost:1/keys", "http://[::1]/keys", "http://127.0.0.9/keys"} {
		if err := auth.CheckURL(url, false); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := auth.CheckURL("http://issuer.example/keys", true); err != nil {
		t.Error(err)
	}
}

// exponentOne returns a key whose signatures everybody can make.
func exponentOne(t *testing.T) string {
	t.Helper()
	k := *private()["rsa"].Public().(*rsa.PublicKey)
	k.E = 1
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&k)}))
}

// A file that changes is read again; while it makes no sense what was there is
// good.
func TestFileThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := write(t, publicPEM(t, "ed"))
		var logged strings.Builder
		v := newVerifier(t, &auth.Options{KeyFile: path, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		accepted := func(name string) bool {
			_, err := v.Verify(t.Context(), sign("EdDSA", private()[name], `{"alg":"EdDSA"}`, good("exp="+at(time.Hour))))
			return err == nil
		}
		now := func(text string) string {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if text == "" {
				os.Remove(path)
			}
			before := accepted("ed")
			time.Sleep(time.Second)
			return fmt.Sprint(before, accepted("ed"), accepted("other"))
		}
		for _, step := range []struct{ text, want string }{
			{publicPEM(t, "ed") + publicPEM(t, "other"), "true true true"},
			{publicPEM(t, "ed")[:50], "true true true"},
			{"", "true true true"},
			{publicPEM(t, "ed"), "true true false"},
			{jwks(publicJWK("other")), "true false true"},
		} {
			if got := now(step.text); got != step.want {
				t.Errorf("%.40q: got %s, want %s", step.text, got, step.want)
			}
		}
		if got := strings.Count(logged.String(), "level=WARN"); got != 2 {
			t.Errorf("got %d warnings, want 2:\n%s", got, logged.String())
		}
	})
}

func TestAccessSaysWhoAndUntilWhen(t *testing.T) {
	v := newVerifier(t, &auth.Options{Secret: secret})
	now := time.Now().Truncate(time.Second)
	signer, err := auth.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Mint(auth.Claims{
		Subject: "alice", Issuer: issuer, Audience: []string{"a", "b"}, NotBefore: now, ID: "t7",
		Grants: &auth.Grants{Subscribe: []auth.Grant{{Owners: []string{}}}, Publish: []auth.Grant{}, Admin: true},
	}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := &auth.Claims{
		Subject: "alice", Issuer: issuer, Audience: []string{"a", "b"}, Expires: now.Add(time.Minute), NotBefore: now, Issued: now, ID: "t7",
		Grants: &auth.Grants{Subscribe: []auth.Grant{{Owners: []string{}}}, Publish: []auth.Grant{}, Admin: true},
	}
	if diff := cmp.Diff(claims, want); diff != "" {
		t.Errorf("claims (-got +want):\n%s", diff)
	}
	a := claims.Access()
	got := fmt.Sprint(a.Subject, " ", a.Owner, " ", a.Token, " ", a.Issued.Equal(now), a.Expires.Equal(now.Add(time.Minute)), a.Feed, a.Stats, a.Admin)
	if got != "alice  t7 true true true true true" {
		t.Errorf("got %s", got)
	}
	if a.Subscribe(httpapi.Reading{Owner: "alice", Stream: "agui"}) || a.Publish(httpapi.Writing{Owner: "alice", Channel: "agui"}) {
		t.Error("an empty list grants something")
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	signer, err := auth.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", secret, "signer", signer)
	opts := auth.Options{Secret: secret}
	fmt.Fprintf(&logged, "%v %+v %#v %s %v %s", secret, opts, opts, secret, signer, signer)
	if strings.Contains(logged.String(), string(secret)) || strings.Contains(logged.String(), fmt.Sprint([]byte(secret[:4]))[1:10]) {
		t.Error(logged.String())
	}
}
