package auth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
)

// GrantsClaim is the name of the claim that has Grants.
const GrantsClaim = "tidings"

// Claims are what a token says that matters here; others it may have are passed
// by. As JSON they are a token's payload, and reading that is strict: names count
// as they are written, no object may name a member twice, and what is of another
// type than it should be is an error.
type Claims struct {
	// Subject (sub) is who asks, and unless Grants say otherwise the owner of
	// what he reads and publishes. It is required.
	Subject string
	// Issuer (iss) is who made the token.
	Issuer string
	// Audience (aud) is for whom.
	Audience []string
	// Expires (exp) and Issued (iat) are required; NotBefore (nbf) is not.
	Expires, NotBefore, Issued time.Time
	// ID (jti) is what the token can be revoked by. Without one it is revoked
	// with all of its subject's.
	ID string
	// Grants (tidings) is what the token allows. Nil, where a token has no such
	// claim, is to read and publish what belongs to the subject.
	Grants *Grants
}

// payload is Claims as JSON.
type payload struct {
	Subject   string   `json:"sub"`
	Issuer    string   `json:"iss,omitzero"`
	Audience  []string `json:"aud,omitzero"`
	Expires   date     `json:"exp,omitzero"`
	NotBefore date     `json:"nbf,omitzero"`
	Issued    date     `json:"iat,omitzero"`
	ID        string   `json:"jti,omitzero"`
	Grants    *Grants  `json:"tidings,omitzero"`
}

// MarshalJSON returns the payload of a token.
func (c Claims) MarshalJSON() ([]byte, error) {
	return json.Marshal(payload{
		c.Subject, c.Issuer, c.Audience, date(c.Expires), date(c.NotBefore), date(c.Issued), c.ID, c.Grants,
	})
}

// UnmarshalJSON reads the payload of a token. It does not look at the clock.
func (c *Claims) UnmarshalJSON(data []byte) error {
	members, err := object(data)
	if err != nil {
		return err
	}
	*c = Claims{}
	for _, m := range []struct {
		name string
		to   *string
	}{{"sub", &c.Subject}, {"iss", &c.Issuer}, {"jti", &c.ID}} {
		if err := text(members, m.name, m.to); err != nil {
			return err
		}
	}
	for _, m := range []struct {
		name string
		read func([]byte) error
	}{
		{"exp", (*date)(&c.Expires).UnmarshalJSON},
		{"nbf", (*date)(&c.NotBefore).UnmarshalJSON},
		{"iat", (*date)(&c.Issued).UnmarshalJSON},
		{"aud", c.audience},
		{GrantsClaim, c.grants},
	} {
		if raw, ok := members[m.name]; ok {
			if err := m.read(raw); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

// audience reads one name or a list (RFC 7519, 4.1.3).
func (c *Claims) audience(raw []byte) (err error) {
	if raw[0] == '"' {
		raw = slices.Concat([]byte{'['}, raw, []byte{']'})
	}
	c.Audience, err = list(raw)
	return err
}

// grants reads the claim that has them.
func (c *Claims) grants(raw []byte) error {
	c.Grants = new(Grants)
	return c.Grants.UnmarshalJSON(raw)
}

// A date is a time as tokens have it: seconds since 1970, perhaps with a fraction
// (RFC 7519, 2).
type date time.Time

// latest is the last second that people write with four digits of the year.
const latest = 253402300799

// IsZero reports whether there is no date.
func (d date) IsZero() bool { return time.Time(d).IsZero() }

// MarshalJSON writes whole seconds.
func (d date) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Time(d).Unix(), 10), nil
}

// UnmarshalJSON reads a number.
func (d *date) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseFloat(string(data), 64) // data is JSON, so it is nothing else that this takes
	if err != nil || seconds < 0 || seconds > latest {
		return errors.New("want seconds since 1970")
	}
	whole, rest := math.Modf(seconds)
	*d = date(time.Unix(int64(whole), int64(rest*1e9)))
	return nil
}

// list reads a list of strings.
func list(raw json.RawMessage) ([]string, error) {
	var values []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		return nil, errors.New("want a list of strings")
	}
	all := make([]string, len(values)) // empty is not nil: it grants nothing
	for i, v := range values {
		if v[0] != '"' || json.Unmarshal(v, &all[i]) != nil {
			return nil, errors.New("want a list of strings")
		}
	}
	return all, nil
}

// check reports what cannot be, whatever the time.
func (c *Claims) check() error {
	if c.Subject == "" {
		return errors.New("the token has no subject (sub)")
	}
	if c.Subject == Everyone {
		return fmt.Errorf("the token's subject (sub) is %q, which means everyone", Everyone)
	}
	if err := cmp.Or(checkName("sub", c.Subject), checkName("jti", c.ID)); err != nil || c.Grants == nil {
		return err
	}
	return c.Grants.check()
}

// checkName reports why a claim cannot be a name in the log. U+FFFD is what bytes
// that are no text are read as: names that differ would be one.
func checkName(claim, name string) error {
	limit := tidings.DefaultLimits().Name
	if tidings.CheckName("", name, limit) != nil || strings.ContainsRune(name, utf8.RuneError) {
		return fmt.Errorf("the token's claim %s: want names of at most %d bytes of UTF-8, without control characters and without spaces at their ends", claim, limit)
	}
	return nil
}
