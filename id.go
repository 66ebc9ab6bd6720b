package tidings

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An ID is a position in a log: that of an event, or the one before the first
// event. It is written "<unix-nano>-<seq>". Positions are ordered by Seq
// alone; the time was stamped once by the process that appended the event and
// tells a position of this log from one of another.
//
// The zero ID is no position. IDs are values: compare them with Compare, and
// use == to ask whether two are the same position of the same log.
type ID struct {
	nano int64
	seq  uint64
}

// NewID returns the position seq with the given stamp. Logs call it; everybody
// else gets positions from a log or from ParseID.
func NewID(stamp time.Time, seq uint64) ID { return ID{stamp.UnixNano(), seq} }

// maxIDLen is the length of the longest text of an ID.
const maxIDLen = 19 + 1 + 20

// ParseID reads the text form of a position. It accepts what String returns
// and nothing else: two decimal numbers without sign or leading zeros. The
// error is an *InvalidError.
func ParseID(s string) (ID, error) {
	nano, seq, found := strings.Cut(s, "-")
	n, okNano := parseDecimal(nano, math.MaxInt64)
	q, okSeq := parseDecimal(seq, math.MaxUint64)
	if !found || !okNano || !okSeq || n == 0 {
		return ID{}, invalid("id", s, `a position such as "1763672400000000000-42"`)
	}
	return ID{int64(n), q}, nil
}

// parseDecimal reads a canonical decimal number of at most limit.
func parseDecimal(s string, limit uint64) (uint64, bool) {
	if s == "" || len(s) > 20 || s[0] == '0' && len(s) > 1 || s[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= limit
}

// Seq returns the event's number in its log; the first event has 1.
func (id ID) Seq() uint64 { return id.seq }

// Time returns the time stamped on the event, or on the log's creation where
// Seq is 0. The zero ID has the zero Time.
func (id ID) Time() time.Time {
	if id.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, id.nano).UTC()
}

// IsZero reports whether id is no position at all.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders positions of one log: -1 if id comes before other, 0 if they
// have the same Seq, 1 if it comes after.
func (id ID) Compare(other ID) int { return cmp.Compare(id.seq, other.seq) }

// String returns the text form, or "" for the zero ID.
func (id ID) String() string { return string(id.append(nil)) }

// append adds the text form to dst.
func (id ID) append(dst []byte) []byte {
	if id.IsZero() {
		return dst
	}
	dst = strconv.AppendInt(dst, id.nano, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.seq, 10)
}

// AppendText implements [encoding.TextAppender].
func (id ID) AppendText(dst []byte) ([]byte, error) { return id.append(dst), nil }

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return id.append(nil), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. Empty text is the zero
// ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return fmt.Errorf("position: %w", err)
	}
	*id = parsed
	return nil
}
