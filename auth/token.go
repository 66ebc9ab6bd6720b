package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// A token is read here by hand, and not by the library that knows the
// signatures: once, strictly, and no claim before the signature was checked. What
// is read twice can be read in two ways, and most holes were such: the last of two
// members, a member in capitals, an algorithm that the header chooses.

// MaxToken is how many bytes a token may have. What an HTTP server takes of
// headers is more.
const MaxToken = 8 << 10

// A token is a JSON Web Signature in compact form (RFC 7515, 7.1).
type token struct {
	alg, kid  string
	text      string // what is signed
	claims    []byte
	signature []byte
}

// parseToken reads a token, but for its claims.
func parseToken(s string) (*token, error) {
	if len(s) > MaxToken {
		return nil, refuse("the token has %d bytes, want at most %d", len(s), MaxToken)
	}
	parts := strings.Split(s, ".")
	if len(parts) == 5 {
		return nil, refuse("the token is encrypted, want one that is signed only")
	}
	if len(parts) != 3 {
		return nil, refuse("the token is malformed: want three parts with dots between")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = decode(part); err != nil {
			return nil, refuse("the token is malformed: part %d is not in base64url without padding", i+1)
		}
	}
	t := &token{text: s[:len(parts[0])+1+len(parts[1])], claims: decoded[1], signature: decoded[2]}
	if err := t.header(decoded[0]); err != nil {
		return nil, refuse("the token's header: %v", err)
	}
	return t, nil
}

// decode decodes base64url in its one form. The decoder of the standard library
// passes by line breaks.
func decode(part string) ([]byte, error) {
	if part == "" || strings.ContainsAny(part, "\r\n") {
		return nil, errors.New("not base64url")
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

// header reads the header. Members that name keys (jwk, jku, x5c, x5u) are of no
// account: a token does not say whom to trust.
func (t *token) header(data []byte) error {
	members, err := object(data)
	if err != nil {
		return err
	}
	for name, why := range map[string]string{
		"crit": "it has extensions that must be understood (crit), and there are none that are",
		"b64":  "its payload is said to be in another form (b64)",
		"enc":  "it is that of an encrypted token (enc)",
		"zip":  "its payload is compressed (zip)",
	} {
		if _, ok := members[name]; ok {
			return errors.New(why)
		}
	}
	var typ, cty string
	for name, to := range map[string]*string{"alg": &t.alg, "kid": &t.kid, "typ": &typ, "cty": &cty} {
		if err := text(members, name, to); err != nil {
			return err
		}
	}
	if t.alg == "" {
		return errors.New("it names no algorithm (alg)")
	}
	return checkType(typ, cty)
}

// checkType refuses tokens that were made for something else (RFC 8725, 3.11).
func checkType(typ, cty string) error {
	if strings.EqualFold(strings.TrimPrefix(cty, "application/"), "JWT") {
		return errors.New("there is a token in the token (cty)")
	}
	switch strings.ToLower(strings.TrimPrefix(typ, "application/")) {
	case "", "jwt", "at+jwt":
		return nil
	}
	return errors.New("it is of another type (typ) than JWT or at+jwt")
}

// text reads a member that is a string, if it is there.
func text(members map[string]json.RawMessage, name string, to *string) error {
	raw, ok := members[name]
	if !ok {
		return nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, to) != nil {
		return errors.New(name + " is no string")
	}
	return nil
}
