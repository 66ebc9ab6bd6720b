package nats

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// DefaultStream is the name of a log that is not told otherwise.
const DefaultStream = "TIDINGS"

// names are the names of all that a log consists of, by the name of its stream.
type names string

// checkStream says why a name cannot be that of a stream: a token of a subject
// that is also a name of a file.
func checkStream(name string) error {
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return fmt.Errorf("nats: invalid stream %q: want 1 to 64 letters, digits, - or _", name)
	}
	return nil
}

// all is the subject of everything in the stream.
func (n names) all() string { return string(n) + ".>" }

// events is the subject of an owner's events. What is asked for by one subject
// alone costs what it holds; by several, such as with a wildcard, what the log
// holds. So everything else about an event is in headers.
func (n names) events(user string) string { return string(n) + ".e." + token(user) }

// purges is the subject of the events that say that everything of an owner was
// discarded.
func (n names) purges() string { return string(n) + ".p" }

// state is the bucket of what a log has to know beside its events.
func (n names) state() string { return string(n) + "_state" }

// stateStream is the stream that a bucket is.
func (n names) stateStream() string { return "KV_" + n.state() }

// stateKey is the subject of a key of it.
func (n names) stateKey(key string) string { return "$KV." + n.state() + "." + key }

// nobody is the token of the owner without a name. No other owner has it: no bytes
// are one character in base64.
const nobody = "-"

// token returns an owner's name as a token of a subject.
func token(user string) string {
	if user == "" {
		return nobody
	}
	return base64.RawURLEncoding.EncodeToString([]byte(user))
}

// owner returns whose events have a subject.
func (n names) owner(subject string) (user string, err error) {
	t, ok := strings.CutPrefix(subject, string(n)+".e.")
	switch {
	case !ok:
		return "", fmt.Errorf("nats: there is a message on the subject %q, which is none of a log", subject)
	case t == nobody:
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(t)
	if err != nil || len(b) == 0 {
		return "", fmt.Errorf("nats: there is a message on the subject %q, which is none of an owner", subject)
	}
	return string(b), nil
}
