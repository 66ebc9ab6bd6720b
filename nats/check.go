package nats

import (
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// check says what of a stream that was there already is not as a log needs it, and
// how it should be.
func (l *Log) check(is jetstream.StreamConfig) error {
	var wrong []string
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
	if len(wrong) > 0 {
		return fmt.Errorf("it cannot hold a log: %s: change that, or name another stream", strings.Join(wrong, "; "))
	}
	return nil
}
