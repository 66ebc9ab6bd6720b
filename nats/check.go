package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// What a server has to be. Before 2.12.1 it does not say of a batch that it has a
// message of it already, and 2.12.1 may keep a stream locked for ever.
const (
	leastMajor, leastMinor, leastPatch = 2, 12, 3
	leastVersion                       = "2.12.3"
)

// checkServer says what of a server, of an account and of a stream that is there
// already is not as a log needs it, all at once.
func (l *Log) checkServer(ctx context.Context) error {
	wrong := l.checkConnection()
	account, err := l.js.AccountInfo(ctx)
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled):
		return l.unfit(append(wrong, "the server has no JetStream, or has lost it"))
	case errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return l.unfit(append(wrong, "the account has no JetStream"))
	case err != nil:
		return fmt.Errorf("nats: ask for the account: %w", because(ctx, err))
	}
	wrong = append(wrong, l.checkAccount(account)...)
	stream, err := l.js.Stream(ctx, l.opts.Stream)
	switch {
	case err == nil:
		wrong = append(wrong, l.checkStream(stream.CachedInfo().Config)...)
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("nats: the stream %s: %w", l.opts.Stream, because(ctx, err))
	}
	return l.unfit(wrong)
}

// unfit returns what is wrong as an error, or nil if nothing is.
func (l *Log) unfit(wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return &finalError{fmt.Errorf("nats: the stream %s cannot hold a log: %s: change that, or name another stream or server",
		l.opts.Stream, strings.Join(wrong, "; "))}
}

// checkConnection says what is wrong with the server that is connected.
func (l *Log) checkConnection() (wrong []string) {
	if is := l.nc.ConnectedServerVersion(); !newEnough(is) {
		wrong = append(wrong, fmt.Sprintf("the server's version is %s, want %s or later", is, leastVersion))
	}
	switch is, event := l.nc.MaxPayload(), int64(l.opts.Limits.Event); {
	case is < event:
		wrong = append(wrong, fmt.Sprintf("the server's max_payload is %d, want %d or more, for events of %d bytes", is, largest(l.opts.Limits), event))
	case is < largest(l.opts.Limits): // as a server has it that nobody told otherwise
		l.opts.Logger.Warn("events that are almost as large as can be are refused, because of their headers: raise the server's max_payload",
			"max_payload", is, "want", largest(l.opts.Limits))
	}
	return wrong
}

// newEnough reports whether a server of that version does what a log needs.
func newEnough(version string) bool {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return false
	}
	if major != leastMajor {
		return major > leastMajor
	}
	return minor > leastMinor || minor == leastMinor && patch >= leastPatch
}

// largest returns how large the message of an event can be: its data, what has
// limits in its headers, and the rest of them.
func largest(o tidings.Limits) int64 {
	return int64(o.Event + 3*o.Name + 2*o.Type + 1024)
}

// checkAccount says what is wrong with an account, and warns of what will be.
func (l *Log) checkAccount(is *jetstream.AccountInfo) (wrong []string) {
	limits := is.Limits
	if tier, ok := is.Tiers[fmt.Sprintf("R%d", l.opts.Replicas)]; ok {
		limits = tier.Limits
	}
	if limits.MaxBytesRequired {
		wrong = append(wrong, "the account wants max_bytes of each stream, and a log has its own: RetainBytes")
	}
	if room := limits.MaxStore; room > 0 && (l.opts.RetainBytes < 0 || room < l.opts.RetainBytes) {
		l.opts.Logger.Warn("the account has less room than the log may take, and appends will fail when it is full",
			"account", room, "retain", l.opts.RetainBytes)
	}
	return wrong
}

// checkPermissions sees that one may ask the stream, and append to it: by a
// question, and by a message that it cannot keep.
func (l *Log) checkPermissions(ctx context.Context) error {
	if err := l.learnPurges(ctx); err != nil {
		return fmt.Errorf("nats: ask the stream %s: %w", l.opts.Stream, err)
	}
	_, err := l.request(ctx, &nats.Msg{Subject: l.names.events(""), Header: nats.Header{nats.ExpectedLastMsgIdHdr: {"none"}}})
	switch {
	case err == nil:
		return fmt.Errorf("nats: the stream %s kept what it cannot keep", l.opts.Stream)
	case code(err) != codeWrongID:
		return fmt.Errorf("nats: append to the stream %s: %w", l.opts.Stream, err)
	}
	return nil
}

// checkStream says what of a stream that was there already is not as a log needs
// it, and how it should be.
func (l *Log) checkStream(is jetstream.StreamConfig) (wrong []string) {
	for _, f := range []struct {
		name     string
		is, want any
	}{
		{"subjects", strings.Join(is.Subjects, " "), l.names.all()},
		{"retention", is.Retention, jetstream.LimitsPolicy},
		{"max_age", is.MaxAge, time.Duration(0)},
		{"max_msgs", is.MaxMsgs, int64(-1)},
		{"max_bytes", is.MaxBytes, int64(-1)},
		{"max_msgs_per_subject", is.MaxMsgsPerSubject, int64(-1)},
		{"max_msg_size", is.MaxMsgSize, int32(-1)},
		{"duplicate_window", is.Duplicates, l.opts.KeyWindow},
		{"allow_direct", is.AllowDirect, true},
		{"allow_atomic", is.AllowAtomicPublish, true},
		{"mirror or sources", is.Mirror != nil || len(is.Sources) > 0, false},
		{"deny_purge", is.DenyPurge, false},
		{"deny_delete", is.DenyDelete, false},
	} {
		if f.is != f.want {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", f.name, f.is, f.want))
		}
	}
	return wrong
}
