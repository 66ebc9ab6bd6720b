package auth

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Signer makes tokens: in tests, for development, and for a service that has
// accounts of its own. It may be used concurrently, and does not show its key in
// logs.
type Signer struct {
	method jwt.SigningMethod
	key    any
}

// NewSigner returns a Signer that signs with a secret, by HS256.
func NewSigner(secret Secret) (*Signer, error) {
	if err := secret.check(); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return &Signer{jwt.SigningMethodHS256, bytes.Clone(secret)}, nil
}

// ParseSigner returns a Signer that signs with a private key in PEM: by RS256,
// EdDSA, or ES256, ES384 or ES512, as the key is.
func ParseSigner(data []byte) (*Signer, error) {
	block, rest := pem.Decode(data)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("auth: want one private key in PEM, such as openssl genpkey -algorithm ed25519 makes")
	}
	private, err := parsePrivate(block)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	k, err := newKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return &Signer{jwt.GetSigningMethod(k.algs[0]), private}, nil
}

// parsePrivate reads a private key.
func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	var private any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("a block is of the type %q, want PRIVATE KEY, and not encrypted", shorten(block.Type))
	}
	if err != nil {
		return nil, fmt.Errorf("the private key is malformed: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("the private key is a %T, which signs nothing", private)
	}
	return signer, nil
}

// LogValue hides the key.
func (s *Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String says how the Signer signs.
func (s *Signer) String() string { return s.method.Alg() + " [secret]" }

// Mint returns a token with the claims. Where they do not say when the token was
// issued, it is now; when it expires, after the lifetime; by what it can be
// revoked, a random ID.
func (s *Signer) Mint(c Claims, lifetime time.Duration) (string, error) {
	c = c.complete(lifetime)
	if err := c.check(); err != nil {
		return "", fmt.Errorf("mint: %w", err)
	}
	if !c.Expires.After(c.Issued) {
		return "", fmt.Errorf("mint: the token would last %s, want more than nothing", c.Expires.Sub(c.Issued))
	}
	token, err := s.sign(c)
	if err != nil {
		return "", fmt.Errorf("mint: %w", err)
	}
	if len(token) > MaxToken {
		return "", fmt.Errorf("mint: the token would have %d bytes, want at most %d", len(token), MaxToken)
	}
	return token, nil
}

// complete returns the claims with what a token has to have.
func (c Claims) complete(lifetime time.Duration) Claims {
	if c.Issued.IsZero() {
		c.Issued = time.Now()
	}
	if c.Expires.IsZero() {
		c.Expires = c.Issued.Add(lifetime)
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	c.Issued, c.Expires = c.Issued.Truncate(time.Second), c.Expires.Truncate(time.Second)
	return c
}

// sign returns a JSON Web Signature in compact form (RFC 7515, 7.1).
func (s *Signer) sign(c Claims) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": s.method.Alg(), "typ": "JWT"})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode(claims)
	signature, err := s.method.Sign(text, s.key)
	if err != nil {
		return "", err
	}
	return text + "." + encode(signature), nil
}
