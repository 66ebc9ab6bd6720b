package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidings-dev/tidings/httpapi"
)

// Everyone, in Grant.Owners, is every owner.
const Everyone = "*"

// Grants are what a token allows, and the value of its claim tidings. What they do
// not name is not granted: the zero Grants allow nothing.
//
//	{"subscribe": [{"owners": ["alice", "team"]}], "publish": [{"channels": ["agui"]}], "admin": false}
type Grants struct {
	// Subscribe is what may be read, all of it together.
	Subscribe []Grant `json:"subscribe,omitzero"`
	// Publish is where may be published.
	Publish []Grant `json:"publish,omitzero"`
	// Admin is to read the feed of everyone and the figures, to purge and to
	// revoke. It is not to publish.
	Admin bool `json:"admin,omitzero"`
}

// A Grant is of owners, and may be narrowed to streams or channels, and to
// sessions. Names are compared byte for byte; there are no patterns. A list that
// is nil does not narrow, an empty one leaves nothing.
type Grant struct {
	// Owners are whose events are meant: nil is the subject's own, Everyone
	// among them is every owner's.
	Owners []string `json:"owners,omitzero"`
	// Streams are what may be subscribed to; nil is all. [tidings.FeedStream] is
	// the one with everything. They are for Grants.Subscribe alone.
	Streams []string `json:"streams,omitzero"`
	// Channels are what may be published on; nil is all. They are for
	// Grants.Publish alone.
	Channels []string `json:"channels,omitzero"`
	// Sessions are the only ones, so a stream has to be asked for by session, and
	// an event has to have one; nil is all.
	Sessions []string `json:"sessions,omitzero"`
}

// UnmarshalJSON reads the claim. What it does not know is an error: a restriction
// that is mistyped would be none.
func (g *Grants) UnmarshalJSON(data []byte) error {
	members, err := object(data)
	if err != nil {
		return err
	}
	*g = Grants{}
	for name, raw := range members {
		switch name {
		case "subscribe":
			g.Subscribe, err = grants(name, raw)
		case "publish":
			g.Publish, err = grants(name, raw)
		case "admin":
			if raw[0] != 't' && raw[0] != 'f' || json.Unmarshal(raw, &g.Admin) != nil {
				err = errors.New("admin: want true or false")
			}
		default:
			err = fmt.Errorf("there is no member %q, only subscribe, publish and admin", shorten(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// grants reads a list of them.
func grants(name string, raw json.RawMessage) ([]Grant, error) {
	var values []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		return nil, fmt.Errorf("%s: want a list of objects", name)
	}
	all := make([]Grant, len(values))
	for i, v := range values {
		if err := all[i].UnmarshalJSON(v); err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", name, i, err)
		}
	}
	return all, nil
}

// UnmarshalJSON reads a grant, as strictly as Grants.
func (g *Grant) UnmarshalJSON(data []byte) error {
	members, err := object(data)
	if err != nil {
		return err
	}
	*g = Grant{}
	known := map[string]*[]string{"owners": &g.Owners, "streams": &g.Streams, "channels": &g.Channels, "sessions": &g.Sessions}
	for name, raw := range members {
		to := known[name]
		if to == nil {
			return fmt.Errorf("there is no member %q, only owners, streams, channels and sessions", shorten(name))
		}
		if *to, err = list(raw); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// check reports grants that cannot mean what they say.
func (g *Grants) check() error {
	for _, grant := range g.Subscribe {
		if grant.Channels != nil {
			return errors.New("the token's claim tidings: subscribe has channels, which are for publish; want streams")
		}
		if err := grant.check(); err != nil {
			return err
		}
	}
	for _, grant := range g.Publish {
		if grant.Streams != nil {
			return errors.New("the token's claim tidings: publish has streams, which are for subscribe; want channels")
		}
		if err := grant.check(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses names that are none. An owner may be the one without a name, of a
// server with a single tenant; an empty session would be that of who asks for all
// of them.
func (g *Grant) check() error {
	for _, name := range slices.Concat(g.Owners, g.Streams, g.Channels, g.Sessions) {
		if err := checkName(GrantsClaim, name); err != nil {
			return err
		}
	}
	for _, name := range slices.Concat(g.Streams, g.Channels, g.Sessions) {
		if name == "" || name == Everyone {
			return fmt.Errorf("the token's claim tidings: %q is no stream, channel or session; all are meant by leaving the list out", name)
		}
	}
	return nil
}

// Access returns what the claims allow. The Owner is the subject where something
// of his is granted, otherwise the one owner who is named, and nobody if there are
// several. Access ends when the token expires.
func (c *Claims) Access() httpapi.Access {
	g := Grants{Subscribe: []Grant{{}}, Publish: []Grant{{}}}
	if c.Grants != nil {
		g = *c.Grants
	}
	subject := c.Subject
	return httpapi.Access{
		Subject: subject, Owner: g.owner(subject),
		Subscribe: func(r httpapi.Reading) bool {
			return slices.ContainsFunc(g.Subscribe, func(g Grant) bool {
				return g.of(r.Owner, subject) && includes(g.Streams, r.Stream) && includes(g.Sessions, r.Session)
			})
		},
		Publish: func(w httpapi.Writing) bool {
			return slices.ContainsFunc(g.Publish, func(g Grant) bool {
				return g.of(w.Owner, subject) && includes(g.Channels, string(w.Channel)) && includes(g.Sessions, w.Session)
			})
		},
		Feed: g.Admin, Stats: g.Admin, Admin: g.Admin,
		Token: c.ID, Issued: c.Issued, Expires: c.Expires,
	}
}

// of reports whether a grant is of an owner's events.
func (g *Grant) of(owner, subject string) bool {
	if g.Owners == nil {
		return owner == subject
	}
	return slices.Contains(g.Owners, owner) || slices.Contains(g.Owners, Everyone)
}

// includes reports whether a list that may narrow leaves a name.
func includes(list []string, name string) bool { return list == nil || slices.Contains(list, name) }

// owner returns who is meant where a request names nobody.
func (g *Grants) owner(subject string) string {
	var named []string
	for _, grant := range slices.Concat(g.Subscribe, g.Publish) {
		if grant.of(subject, subject) {
			return subject
		}
		named = append(named, grant.Owners...)
	}
	slices.Sort(named)
	if named = slices.Compact(named); len(named) == 1 {
		return named[0]
	}
	return ""
}
