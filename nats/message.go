package nats

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
)

// Headers of a message that holds an event. One that would be empty is left out.
// They are short because each is kept with each event.
const (
	stampHeader   = "N" // when it was appended, in Unix nanoseconds
	userHeader    = "U" // where the subject does not tell it
	channelHeader = "C"
	sessionHeader = "S"
	typeHeader    = "T"
	keyHeader     = "K"
	traceHeader   = "R"
	sumHeader     = "D" // see sum
	appendHeader  = "A" // which append it was part of, if it was sent so that this can be asked
)

// Headers of JetStream for messages that are kept all or none, see ADR-50.
const (
	batchHeader         = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

// message returns an event as a message that is stamped.
func (n names) message(e *tidings.Event, stamp int64) *nats.Msg {
	m := &nats.Msg{Subject: n.events(e.User), Header: make(nats.Header, 8), Data: e.Data}
	if e.Purged() {
		m.Subject = n.purges()
		set(m, userHeader, e.User)
	}
	set(m, stampHeader, strconv.FormatInt(stamp, 10))
	set(m, channelHeader, string(e.Channel))
	set(m, sessionHeader, e.Session)
	set(m, typeHeader, e.Type)
	set(m, keyHeader, e.Key)
	set(m, traceHeader, e.Trace)
	set(m, sumHeader, sum(m.Subject, m.Data))
	return m
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum returns a checksum. The server has one of its own, but not of where headers
// end and data begin.
func sum(subject string, data []byte) string {
	n := crc32.Update(crc32.Checksum(data, castagnoli), castagnoli, []byte(subject))
	return strconv.FormatUint(uint64(n), 36)
}

// sound reports whether a message is as it was published.
func sound(m *nats.Msg) bool { return get(m, sumHeader) == sum(m.Subject, m.Data) }

// purge returns the message that says that an owner's events were discarded.
func (n names) purge(user string, at tidings.ID) *nats.Msg {
	return n.message(&tidings.Event{User: user, Channel: tidings.Control, Type: tidings.PurgedType, Data: []byte("{}")}, at.Time().UnixNano())
}

// set sets a header, as it is written.
func set(m *nats.Msg, header, value string) {
	if value != "" {
		m.Header[header] = []string{value}
	}
}

// get returns a header, or "".
func get(m *nats.Msg, header string) string {
	if v := m.Header[header]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// event returns the event that a message of the stream holds, at a place in it.
func (n names) event(m *nats.Msg, seq uint64) (e tidings.Event, err error) {
	if m.Subject == n.purges() {
		e.User = get(m, userHeader)
	} else if e.User, err = n.owner(m.Subject); err != nil {
		return tidings.Event{}, err
	}
	if e.ID, err = position(m, seq); err != nil {
		return tidings.Event{}, err
	}
	e.Key, e.Channel, e.Session = get(m, keyHeader), tidings.Channel(get(m, channelHeader)), get(m, sessionHeader)
	e.Type, e.Data, e.Trace = get(m, typeHeader), m.Data, get(m, traceHeader)
	return e, nil
}

// position returns the position of the event that a message holds.
func position(m *nats.Msg, seq uint64) (tidings.ID, error) {
	stamp, err := strconv.ParseInt(get(m, stampHeader), 10, 64)
	if err != nil || stamp <= 0 {
		return tidings.ID{}, fmt.Errorf("nats: message %d of the stream has the time %q, and so is none of a log", seq, get(m, stampHeader))
	}
	return tidings.NewID(time.Unix(0, stamp), seq), nil
}
