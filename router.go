package tidings

import (
	"maps"
	"slices"
	"strings"
)

// A Stream is what a subscriber reads: a named view over channels. It copies
// nothing; it is a row of a Router's table.
type Stream struct {
	// Name is how subscribers ask for the stream.
	Name string
	// Channels are the channels whose events the stream carries.
	Channels []Channel
	// Envelope says that each payload is wrapped to tell its channel, and its
	// session if it has one:
	// {"protocol":"agui","event":<payload>,"session":"t1"}.
	Envelope bool
}

// Of returns the selector of the stream's events for one owner.
func (s Stream) Of(user string) Selector {
	return Selector{User: user, Channels: slices.Clone(s.Channels)}
}

// FeedStream is the name of the stream of every owner's events, on all
// channels that are not reserved. It is in no Router's table.
const FeedStream = "feed"

// A Router is the table that says which stream carries which channels, and so
// which channels there are. It does not change after it is made.
type Router struct {
	streams  map[string]Stream
	channels map[Channel][]string // to the names of the streams that carry it
}

// NewRouter returns the table of the streams every hub has,
//
//	agui       agui
//	a2a        a2a
//	contexts   agui, a2a, system, each in its envelope
//	analytics  analytics
//
// extended by own streams. A stream whose name is in the table already
// replaces it. The error is an *InvalidError for a name that cannot be.
func NewRouter(own ...Stream) (*Router, error) {
	r := &Router{make(map[string]Stream), make(map[Channel][]string)}
	for _, s := range slices.Concat(standardStreams(), own) {
		if err := checkStream(s); err != nil {
			return nil, err
		}
		s.Channels = slices.Clone(s.Channels)
		r.streams[s.Name] = s
	}
	for _, name := range slices.Sorted(maps.Keys(r.streams)) {
		for _, c := range r.streams[name].Channels {
			r.channels[c] = append(r.channels[c], name)
		}
	}
	return r, nil
}

// standardStreams returns the rows that every table begins with.
func standardStreams() []Stream {
	return []Stream{
		{Name: "agui", Channels: []Channel{AGUI}},
		{Name: "a2a", Channels: []Channel{A2A}},
		{Name: "contexts", Channels: []Channel{AGUI, A2A, System}, Envelope: true},
		{Name: "analytics", Channels: []Channel{Analytics}},
	}
}

// checkStream reports why a row cannot be in a table.
func checkStream(s Stream) error {
	if err := checkLabel("stream", s.Name); err != nil {
		return err
	}
	if s.Name == FeedStream {
		return invalid("stream", s.Name, "another name: this one is every owner's events")
	}
	if len(s.Channels) == 0 {
		return invalid("channels", "", "at least one channel for stream "+s.Name)
	}
	for _, c := range s.Channels {
		if err := checkLabel("channel", string(c)); err != nil {
			return err
		}
	}
	return nil
}

// checkLabel reports why a name of a stream or channel cannot be. Such names
// stand in paths and flags, so they are plainer than other names.
func checkLabel(field, name string) error {
	const want = "1 to 128 of the characters a-z 0-9 . _ -, not beginning with " + reservedPrefix
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	}
	if name == "" || len(name) > 128 || strings.HasPrefix(name, reservedPrefix) || strings.ContainsFunc(name, odd) {
		return invalid(field, name, want)
	}
	return nil
}

// Stream returns the row with the name, and whether there is one.
func (r *Router) Stream(name string) (Stream, bool) {
	s, ok := r.streams[name]
	s.Channels = slices.Clone(s.Channels)
	return s, ok
}

// Streams returns the names of all streams, sorted.
func (r *Router) Streams() []string { return slices.Sorted(maps.Keys(r.streams)) }

// Channels returns all channels one may publish on, sorted.
func (r *Router) Channels() []Channel { return slices.Sorted(maps.Keys(r.channels)) }

// Carriers returns the names of the streams that carry the channel, sorted;
// none for a channel that is not in the table.
func (r *Router) Carriers(c Channel) []string { return slices.Clone(r.channels[c]) }

// Check reports, as an *InvalidError, that one may not publish on the channel. A
// Hub asks so of every event; those who append to a log past a Hub should.
func (r *Router) Check(c Channel) error {
	if _, ok := r.channels[c]; ok {
		return nil
	}
	var names []string
	for _, known := range r.Channels() {
		names = append(names, string(known))
	}
	return invalid("channel", string(c), "one of "+strings.Join(names, ", "))
}
