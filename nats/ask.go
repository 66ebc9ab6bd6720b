package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// askTimeout is how long a question that changes nothing may take.
const askTimeout = 5 * time.Second

// errNone says that there is no such message.
var errNone = errors.New("nats: no such message")

// A stored is a message in the stream, and its place.
type stored struct {
	*nats.Msg
	seq uint64
}

// A query is what a Direct Get asks for: messages from a place on, of a subject.
type query struct {
	Seq   uint64     `json:"seq,omitempty"`
	Next  string     `json:"next_by_subj,omitempty"`
	Last  string     `json:"last_by_subj,omitempty"`
	Most  int        `json:"batch,omitempty"`
	Bytes int        `json:"max_bytes,omitempty"`
	Since *time.Time `json:"start_time,omitempty"`
}

// one asks for one message, and returns errNone if there is none, and an error that
// matches ErrDamaged if it is not sound.
func (l *Log) one(ctx context.Context, q query) (stored, error) {
	ctx, cancel := l.asking(ctx, askTimeout)
	defer cancel()
	m, err := l.nc.RequestWithContext(ctx, direct(l.opts.Stream), q.encode())
	if err != nil {
		return stored{}, because(ctx, err)
	}
	s, err := answered(m)
	if err == nil && !sound(s.Msg) {
		return stored{}, fmt.Errorf("%w: %d is not as it was published", ErrDamaged, s.seq)
	}
	return s, err
}

// page asks for messages of the log, in order, and reports whether there are more.
func (l *Log) page(ctx context.Context, q query) (all []stored, more bool, err error) {
	return l.pageOf(ctx, l.opts.Stream, q)
}

// pageOf asks for messages of a stream.
func (l *Log) pageOf(ctx context.Context, stream string, q query) (all []stored, more bool, err error) {
	ctx, cancel := l.asking(ctx, askTimeout)
	defer cancel()
	inbox, err := l.nc.SubscribeSync(l.nc.NewInbox())
	if err != nil {
		return nil, false, unavailable(err)
	}
	defer func() { _ = inbox.Unsubscribe() }()
	if err := l.nc.PublishRequest(direct(stream), inbox.Subject, q.encode()); err != nil {
		return nil, false, unavailable(err)
	}
	for {
		m, err := inbox.NextMsgWithContext(ctx)
		if err != nil {
			return nil, false, because(ctx, err)
		}
		if m.Header.Get("Status") == "204" { // the end
			return all, m.Header.Get("Nats-Num-Pending") != "0", nil
		}
		s, err := answered(m)
		if errors.Is(err, errNone) {
			return all, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		all = append(all, s)
	}
}

// direct is the subject on which a stream answers questions.
func direct(stream string) string { return "$JS.API.DIRECT.GET." + stream }

func (q query) encode() []byte {
	b, _ := json.Marshal(q) // numbers and strings
	return b
}

// answered returns the message of an answer.
func answered(m *nats.Msg) (stored, error) {
	switch status := m.Header.Get("Status"); status {
	case "":
	case "404":
		return stored{}, errNone
	case "503":
		return stored{}, fmt.Errorf("nats: the stream does not answer: %w", tidings.ErrUnavailable)
	default:
		return stored{}, fmt.Errorf("nats: the stream answers %s %s", status, m.Header.Get("Description"))
	}
	seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return stored{}, fmt.Errorf("nats: a message of the stream has the sequence %q", m.Header.Get("Nats-Sequence"))
	}
	m.Subject = m.Header.Get("Nats-Subject")
	return stored{m, seq}, nil
}
