package tidings

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An Event is one immutable record of a log.
type Event struct {
	// ID is the event's position, assigned by the log. Publish ignores it.
	ID ID
	// Key makes publishing idempotent: the same User and Key again, within the
	// key window, changes nothing. Empty: no protection.
	Key string
	// User is the event's owner and the boundary of isolation. Empty is an
	// owner like any other, for programs with a single tenant.
	User string
	// Channel is what the event is published on. Required.
	Channel Channel
	// Session is the conversation the event belongs to: AG-UI's threadId,
	// A2A's contextId. May be empty.
	Session string
	// Type is the event's type within its channel. May be empty.
	Type string
	// Data is the payload: JSON, kept as it came but for line breaks between
	// tokens. What a subscriber receives is shared with others: do not change
	// it.
	Data []byte
	// Trace is the publisher's W3C traceparent. May be empty.
	Trace string

	frame frame // encoded once, when the event enters a window
}

// Time returns the time stamped on the event when it was appended.
func (e *Event) Time() time.Time { return e.ID.Time() }

// A Channel names what a publisher publishes on.
type Channel string

// The channels that every Router knows.
const (
	AGUI      Channel = "agui"
	A2A       Channel = "a2a"
	System    Channel = "system"
	Analytics Channel = "analytics"
)

// reservedPrefix begins the names of channels, streams and types that only
// Tidings uses.
const reservedPrefix = "tidings."

// Reserved reports whether only Tidings itself may publish on the channel.
func (c Channel) Reserved() bool { return strings.HasPrefix(string(c), reservedPrefix) }

// Limits bound what one event or batch may hold. Zero fields mean the
// defaults of [DefaultLimits].
type Limits struct {
	Event      int // bytes of Data
	Depth      int // of nested JSON arrays and objects
	Name       int // bytes of User, Session and Key
	Type       int // bytes of Type and Channel
	Batch      int // events in a batch
	BatchBytes int // bytes of Data in a batch
}

// DefaultLimits returns the limits of a Hub that sets none.
func DefaultLimits() Limits {
	return Limits{Event: 1 << 20, Depth: 512, Name: 256, Type: 128, Batch: 1000, BatchBytes: 8 << 20}
}

// withDefaults returns l with zero fields set to their defaults.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ have, def *int }{
		{&l.Event, &d.Event}, {&l.Depth, &d.Depth}, {&l.Name, &d.Name},
		{&l.Type, &d.Type}, {&l.Batch, &d.Batch}, {&l.BatchBytes, &d.BatchBytes},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	return l
}

// CheckName reports, as an *InvalidError, why value cannot be the name that
// field holds: at most limit bytes of UTF-8 without control characters and
// without spaces at its ends. Empty is accepted.
func CheckName(field, value string, limit int) error {
	switch {
	case len(value) > limit:
		err := invalid(field, value, "at most "+itoa(limit)+" bytes, not "+itoa(len(value)))
		err.Cause = ErrTooLarge
		return err
	case !plain(value):
		return invalid(field, value, "UTF-8 without control characters and without spaces at its ends")
	}
	return nil
}

// plain reports whether s is valid UTF-8 without control characters, line and
// paragraph separators, and surrounding spaces.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if s == "" || ascii {
		return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
	}
	return utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, breaking)
}

// breaking reports whether r could break a line or hide in a name.
func breaking(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
