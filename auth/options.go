package auth

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/tidings-dev/tidings"
)

// Defaults and bounds of Options.
const (
	DefaultSkew        = 30 * time.Second
	MaxSkew            = 5 * time.Minute
	DefaultMaxLifetime = 24 * time.Hour
	DefaultRefresh     = 5 * time.Minute
	// MinSecret is how many bytes a Secret has at least.
	MinSecret = 32
)

// Options are the options of New. One of JWKS, KeyFile and Secret has to be set;
// of all others the zero value is a good default.
type Options struct {
	// JWKS is the URL of the issuer's public keys, a JSON Web Key Set: https, or
	// http on this machine. They are had in the background. While the URL does
	// not answer, tokens of keys that are known are accepted, and for others it
	// cannot be told.
	JWKS string
	// PlainHTTP allows a JWKS over http of another machine. Who can change what
	// is on the way can then make tokens.
	PlainHTTP bool
	// KeyFile is a file with public keys or certificates in PEM, or with a JSON
	// Web Key Set. It is read again when it changes.
	KeyFile string
	// Secret is for tokens that are signed with what both ends know: HS256,
	// HS384 and HS512. It has MinSecret bytes at least. Whoever has it can make
	// tokens.
	Secret Secret

	// Issuer, if not empty, has to be the claim iss.
	Issuer string
	// Audience, if not empty, has to be among those of the claim aud. Set it
	// where the issuer makes tokens for other services too.
	Audience string
	// Skew is how far the clocks of issuer and server may be apart: so much
	// before nbf and iat a token is accepted; DefaultSkew by default, MaxSkew at
	// most, negative for nothing. It does not prolong a token: that ends at exp.
	Skew time.Duration
	// MaxLifetime is how long a token may last at most, from iat to exp;
	// DefaultMaxLifetime by default. Who remembers for MaxLifetime and Skew what
	// was revoked has forgotten nothing that is of use.
	MaxLifetime time.Duration
	// Cookie, if not empty, is the name of a cookie with the token, for requests
	// without the header Authorization. What another site may make a browser
	// send has to be refused by others.
	Cookie string

	// Refresh is how often the keys of JWKS are asked for; DefaultRefresh by
	// default. A key that the issuer withdrew is accepted for so long.
	Refresh time.Duration
	// Transport makes the requests to JWKS; by default the Verifier has its own.
	Transport http.RoundTripper
	// Logger gets a line when keys can no longer be had, and when they can
	// again. Nil discards it.
	Logger *slog.Logger
}

// A Secret signs tokens and checks them. It does not show in logs.
type Secret []byte

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// check reports why a secret is none.
func (s Secret) check() error {
	if len(s) < MinSecret {
		return fmt.Errorf("the secret has %d bytes, want at least %d random ones", len(s), MinSecret)
	}
	if begin := bytes.TrimSpace(s); bytes.HasPrefix(begin, []byte("-----BEGIN")) || bytes.HasPrefix(begin, []byte("{")) {
		// Were it a public key, everybody could make tokens.
		return errors.New("the secret is a key in PEM or JSON, want random bytes")
	}
	return nil
}

// withDefaults returns a copy of o with zero fields set, or why it makes no
// sense.
func (o *Options) withDefaults() (Options, error) {
	if o == nil {
		o = new(Options)
	}
	c := *o
	c.Secret = bytes.Clone(o.Secret)
	c.Skew = cmp.Or(c.Skew, DefaultSkew)
	c.MaxLifetime = cmp.Or(c.MaxLifetime, DefaultMaxLifetime)
	c.Refresh = cmp.Or(c.Refresh, DefaultRefresh)
	c.Skew = max(c.Skew, 0)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

// check reports what cannot be.
func (o *Options) check() error {
	sources := 0
	for _, set := range []bool{o.JWKS != "", o.KeyFile != "", o.Secret != nil} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		return fmt.Errorf("%d sources of keys, want one: JWKS, KeyFile or Secret", sources)
	case o.Skew > MaxSkew:
		return fmt.Errorf("skew %s: want at most %s", o.Skew, MaxSkew)
	case o.MaxLifetime < time.Second:
		return fmt.Errorf("longest lifetime %s: want at least 1s", o.MaxLifetime)
	case o.Refresh < time.Second:
		return fmt.Errorf("refresh %s: want at least 1s", o.Refresh)
	case o.Cookie != "" && (&http.Cookie{Name: o.Cookie}).Valid() != nil: // #nosec G124 -- nobody gets it
		return fmt.Errorf("cookie %q is no name of a cookie", o.Cookie)
	case o.Secret != nil:
		return o.Secret.check()
	case o.JWKS != "":
		return CheckURL(o.JWKS, o.PlainHTTP)
	}
	return nil
}

// CheckURL reports why an address cannot be Options.JWKS.
func CheckURL(address string, plainHTTP bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return &tidings.InvalidError{Field: "URL of keys", Want: "one such as https://issuer.example/.well-known/jwks.json"}
	case u.User != nil || u.Fragment != "":
		return &tidings.InvalidError{Field: "URL of keys", Want: "one without user, password and fragment"}
	case u.Scheme == "http" && !plainHTTP && !loopback(u.Hostname()):
		return &tidings.InvalidError{Field: "URL of keys", Value: u.Redacted(), Want: "https: over http anybody on the way could make tokens"}
	}
	return nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
