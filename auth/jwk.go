package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// Bounds of what is read of keys.
const (
	mostKeyBytes = 1 << 20
	mostKeys     = 100
)

// parseKeys reads public keys from a file, in PEM or as a JSON Web Key Set.
func parseKeys(data []byte) (ring, error) {
	if len(data) > mostKeyBytes {
		return nil, fmt.Errorf("more than %d bytes", mostKeyBytes)
	}
	if data = bytes.TrimSpace(data); bytes.HasPrefix(data, []byte("{")) {
		return parseSet(data)
	}
	return parsePEM(data)
}

// parseSet reads a JSON Web Key Set (RFC 7517, 5). Keys for something else, and
// kinds that are not known here, are passed by; there has to be one that is not.
func parseSet(data []byte) (ring, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New("want a JSON Web Key Set, which begins with {\"keys\":[")
	}
	if len(set.Keys) > mostKeys {
		return nil, fmt.Errorf("%d keys, want at most %d", len(set.Keys), mostKeys)
	}
	var all ring
	why := errors.New("there are none")
	for _, raw := range set.Keys {
		k, err := parseJWK(raw)
		if err != nil {
			why = err
			continue
		}
		all = append(all, k)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no key to check tokens with: %w", why)
	}
	return all, nil
}

// parseJWK reads a key for signatures (RFC 7517, 4). Certificates that it has, or
// says where they are, are of no account.
func parseJWK(raw []byte) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return key{}, errors.New("a key is no JSON Web Key")
	}
	switch {
	case m.D != "" || m.K != "" || m.KTY == jwkset.KtyOct:
		return key{}, errors.New("a key is not public: whoever reads it could make tokens")
	case m.USE != "" && m.USE != jwkset.UseSig:
		return key{}, fmt.Errorf("a key is for the use %q", shorten(string(m.USE)))
	case m.KEYOPS != nil && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return key{}, errors.New("a key is not to verify with (key_ops)")
	}
	m.X5C, m.X5U, m.X5T, m.X5TS256 = nil, "", "", ""
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, fmt.Errorf("a key of type %q is malformed or not known", shorten(string(m.KTY)))
	}
	k, err := newKey(jwk.Key())
	if err != nil {
		return key{}, err
	}
	k.id = m.KID
	if alg := string(m.ALG); alg != "" {
		if !slices.Contains(k.algs, alg) {
			return key{}, fmt.Errorf("a key is for the algorithm %q", shorten(alg))
		}
		k.algs = []string{alg}
	}
	return k, nil
}

// parsePEM reads public keys and certificates, one after the other. When
// certificates end is not looked at: who has them here trusts their keys.
func parsePEM(data []byte) (ring, error) {
	var all ring
	for len(data) > 0 {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, errors.New("want public keys in PEM, -----BEGIN PUBLIC KEY-----, or a JSON Web Key Set")
		}
		k, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		all, data = append(all, k), bytes.TrimSpace(rest)
	}
	if len(all) == 0 || len(all) > mostTries {
		return nil, fmt.Errorf("%d keys, want from 1 to %d", len(all), mostTries)
	}
	return all, nil
}

// parseBlock reads a public key, or that of a certificate.
func parseBlock(block *pem.Block) (key, error) {
	var public any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = c.PublicKey
		}
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return key{}, errors.New("a key is private, which a server need not have; its public half is had by: openssl pkey -in private.pem -pubout")
	default:
		return key{}, fmt.Errorf("a block is of the type %q, want PUBLIC KEY or CERTIFICATE", shorten(block.Type))
	}
	if err != nil {
		return key{}, fmt.Errorf("a %s is malformed: %w", block.Type, err)
	}
	return newKey(public)
}
