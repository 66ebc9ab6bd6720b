package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// minRSA is how many bits an RSA key has at least (RFC 7518, 3.3).
const minRSA = 2048

// The algorithms of each kind of key. What is not here is not accepted, whatever
// the library knows: "none", for one.
var (
	hmacAlgorithms  = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms   = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	ecdsaAlgorithms = map[elliptic.Curve][]string{elliptic.P256(): {"ES256"}, elliptic.P384(): {"ES384"}, elliptic.P521(): {"ES512"}}
	eddsaAlgorithms = []string{"EdDSA"}
)

// A key checks signatures of its algorithms, and of no others.
type key struct {
	id   string // kid; empty if it has none
	algs []string
	key  any // as package jwt wants it
}

// newKey returns a public key with the algorithms of its kind.
func newKey(public any) (key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA {
			return key{}, fmt.Errorf("an RSA key has %d bits, want at least %d", bits, minRSA)
		}
		if k.E < 3 || k.E%2 == 0 {
			return key{}, fmt.Errorf("an RSA key has the exponent %d, want an odd one from 3 on", k.E)
		}
		return key{algs: rsaAlgorithms, key: k}, nil
	case *ecdsa.PublicKey:
		if algs := ecdsaAlgorithms[k.Curve]; algs != nil {
			return key{algs: algs, key: k}, nil
		}
	case ed25519.PublicKey:
		return key{algs: eddsaAlgorithms, key: k}, nil
	}
	return key{}, fmt.Errorf("a key is a %T, want RSA, Ed25519, or ECDSA on P-256, P-384 or P-521", public)
}

// verify reports whether a token was signed with the key.
func (k *key) verify(t *token) bool {
	if !slices.Contains(k.algs, t.alg) {
		return false
	}
	method := jwt.GetSigningMethod(t.alg)
	return method != nil && method.Verify(t.text, t.signature, k.key) == nil
}

// A ring is the keys that are known.
type ring []key

// mostTries is with how many keys a token is checked that does not say which one
// it is signed with.
const mostTries = 16

// verify reports whether a token was signed with a key of the ring, and if not,
// whether that is certain: a ring with other keys may have one that did.
func (r ring) verify(t *token) (signed, certain bool) {
	tries := 0
	for i := range r {
		k := &r[i]
		named := t.kid != "" && k.id == t.kid
		certain = certain || named
		if !named && t.kid != "" && k.id != "" || tries == mostTries {
			continue
		}
		tries++
		if k.verify(t) {
			return true, true
		}
	}
	return false, certain
}

// A source has keys.
type source interface {
	// ring returns the keys that are known.
	ring() ring
	// renew returns the keys after an attempt to have newer ones, or an error if
	// it is not known whether there are some.
	renew(ctx context.Context) (ring, error)
	// close ends what goes on in the background.
	close()
}

// fixed is the keys that there are.
type fixed ring

func (f fixed) ring() ring { return ring(f) }

func (f fixed) renew(context.Context) (ring, error) { return ring(f), nil }

func (f fixed) close() {}
