package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
)

// A Verifier finds out by JSON Web Tokens who asks. All methods may be called
// concurrently.
type Verifier struct {
	opts   Options
	keys   source
	secret bool // keys are a secret
}

// New returns a Verifier. It does not wait for keys from a URL: until they are
// there requests are answered with 503. Keys in a file have to be there. What it
// does in the background ends with Close, or with ctx.
func New(ctx context.Context, opts *Options) (*Verifier, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	v := &Verifier{opts: o, secret: o.Secret != nil}
	switch {
	case v.secret:
		v.keys = fixed{{algs: hmacAlgorithms, key: []byte(o.Secret)}}
	case o.KeyFile != "":
		v.keys, err = openFile(&o)
	default:
		v.keys = newRemote(ctx, &o)
	}
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return v, nil
}

// Close ends what goes on in the background, and waits for that. Keys that are
// known stay known. It may be called more than once.
func (v *Verifier) Close() { v.keys.close() }

// Authenticate says who a request speaks for, and what its token grants. It fits
// [httpapi.Options].Authenticate.
//
// The token is that of the header "Authorization: Bearer", or without that header
// of the cookie that the Options name; never one of the URL. The error matches
// httpapi.ErrUnauthorized where there is no token or one that is not good, and
// httpapi.ErrUnavailable where that cannot be told, because keys cannot be had.
// For these a request waits a second at most.
func (v *Verifier) Authenticate(r *http.Request) (httpapi.Access, error) {
	raw, err := bearer(r, v.opts.Cookie)
	if err != nil {
		return httpapi.Access{}, err
	}
	claims, err := v.Verify(r.Context(), raw)
	if err != nil {
		return httpapi.Access{}, err
	}
	return claims.Access(), nil
}

// Verify returns the claims of a token, if it is good now. The errors are those of
// Authenticate.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Claims, error) {
	t, err := parseToken(raw)
	if err != nil {
		return nil, err
	}
	if err := v.checkAlgorithm(t); err != nil {
		return nil, err
	}
	if err := v.checkSignature(ctx, t); err != nil {
		return nil, err
	}
	claims := new(Claims)
	if err := claims.UnmarshalJSON(t.claims); err != nil {
		return nil, refuse("the token's claims: %v", err)
	}
	if err := v.checkClaims(claims, time.Now()); err != nil {
		return nil, refuse("%v", err)
	}
	return claims, nil
}

// checkAlgorithm refuses what no key here can have signed: above all a secret is
// no public key, and a public key no secret.
func (v *Verifier) checkAlgorithm(t *token) error {
	if hmac := slices.Contains(hmacAlgorithms, t.alg); hmac != v.secret || !hmac && !public(t.alg) {
		return refuse("the token's algorithm (alg) is not accepted here")
	}
	return nil
}

// public reports whether an algorithm is one of public keys.
func public(alg string) bool {
	for _, algs := range ecdsaAlgorithms {
		if slices.Contains(algs, alg) {
			return true
		}
	}
	return slices.Contains(rsaAlgorithms, alg) || slices.Contains(eddsaAlgorithms, alg)
}

// checkSignature looks for the key that signed a token, also among newer keys if
// it is none that is known.
func (v *Verifier) checkSignature(ctx context.Context, t *token) error {
	signed, certain := v.keys.ring().verify(t)
	if !signed && !certain {
		newer, err := v.keys.renew(ctx)
		if err != nil {
			return errUnavailable
		}
		signed, certain = newer.verify(t)
	}
	switch {
	case signed:
		return nil
	case certain || t.kid == "":
		return refuse("the token's signature is not good")
	}
	return refuse("the token is signed with a key that is not known here (kid %q)", shorten(t.kid))
}

// checkClaims reports why a token is not good now, or not here.
func (v *Verifier) checkClaims(c *Claims, now time.Time) error {
	switch {
	case c.Expires.IsZero():
		return errors.New("the token has no time at which it expires (exp)")
	case c.Issued.IsZero():
		return errors.New("the token does not say when it was issued (iat), so it could not be revoked")
	case !now.Before(c.Expires):
		return fmt.Errorf("the token expired at %s", stamp(c.Expires))
	case now.Add(v.opts.Skew).Before(c.NotBefore):
		return fmt.Errorf("the token is not good before %s (nbf)", stamp(c.NotBefore))
	case now.Add(v.opts.Skew).Before(c.Issued):
		return fmt.Errorf("the token is issued in the future, at %s (iat)", stamp(c.Issued))
	case c.Expires.Sub(c.Issued) > v.opts.MaxLifetime:
		return fmt.Errorf("the token lasts %s, want at most %s", c.Expires.Sub(c.Issued), v.opts.MaxLifetime)
	case v.opts.Issuer != "" && c.Issuer != v.opts.Issuer:
		return fmt.Errorf("the token is of another issuer (iss) than %s", v.opts.Issuer)
	case v.opts.Audience != "" && !slices.Contains(c.Audience, v.opts.Audience):
		return fmt.Errorf("the token is for others (aud) than %s", v.opts.Audience)
	}
	return c.check()
}

// stamp writes a time for people.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
