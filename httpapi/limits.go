package httpapi

import (
	"math"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/tidings-dev/tidings/internal/herd"
)

// Limits bound what clients may take of a server. A field that is zero has the
// default, a negative one is no limit. A *connection* is a stream, or a request
// that publishes line by line. How many of them a subject may have is the hub's to
// say: [tidings.Options].MaxConnections and AtCap.
type Limits struct {
	// Connections is how many there may be at a time. By default it is as many as
	// the process may have open files, where the system says how many that are,
	// but for a tenth of them or 1,000: those are for everything else.
	Connections int
	// ConnectionsPerAddress is how many there may be from an address at a time; of
	// IPv6 from a network of 64 bits. Any number by default: many clients can have
	// one address, which is that of a network's gateway, of a backend that follows
	// for its users, or of a proxy that [Options].TrustedProxies does not name.
	ConnectionsPerAddress int
	// ConnectionsPerSecond is how many may begin in a second, and ConnectionsBurst
	// how many more when few began before: by default 1,000, and as many as may be
	// at a time, or 20,000 if that is any number, but no fewer than in a second. So
	// all who were connected can come back at once.
	ConnectionsPerSecond float64
	ConnectionsBurst     int
	// Accepted is how many connections of the network may be open, whatever goes
	// over them, if a server has [Handler.Listener] and [Handler.ConnState]. By
	// default it is as many as the process may have open files, but for half as many
	// as Connections leaves.
	Accepted int
	// EventsPerSecond is how many events a subject may publish in a second, and
	// EventsBurst how many more when it published few before: by default any number,
	// and as many as in EventsPerSecond or in the hub's largest batch, whatever is
	// more. Who has no subject is counted as the owner.
	EventsPerSecond float64
	EventsBurst     int
	// URL is how many bytes the path and the query of a request may have; 32 KiB by
	// default.
	URL int
	// HeaderFields is how many fields a header may have, and HeaderBytes how many
	// bytes; 100 and 64 KiB by default. An [http.Server] has read a header by then:
	// its MaxHeaderBytes bounds what that takes.
	HeaderFields, HeaderBytes int
}

// withDefaults returns a copy with zero fields set, for a hub whose batches have so
// many events at most.
func (l Limits) withDefaults(batch int) Limits {
	files := herd.Files()
	spare := min(files/10, 1000)
	set(&l.Connections, unlimited(files-spare))
	set(&l.ConnectionsPerAddress, -1)
	set(&l.ConnectionsPerSecond, 1000)
	all := l.Connections
	if all < 0 {
		all = 20000
	}
	set(&l.ConnectionsBurst, max(all, int(l.ConnectionsPerSecond)))
	set(&l.Accepted, unlimited(files-spare/2))
	set(&l.EventsPerSecond, -1)
	set(&l.EventsBurst, max(int(l.EventsPerSecond), batch))
	for _, burst := range []*int{&l.ConnectionsBurst, &l.EventsBurst} {
		if *burst < 0 {
			*burst = math.MaxInt32
		}
	}
	set(&l.URL, 32<<10)
	set(&l.HeaderFields, 100)
	set(&l.HeaderBytes, 64<<10)
	return l
}

// limit prepares what limits need.
func (h *Handler) limit() {
	l := h.opts.Limits.withDefaults(h.hub.Limits().Batch)
	h.opts.Limits = l
	h.opts.TrustedProxies = slices.Clone(h.opts.TrustedProxies)
	h.addresses = addresses{limit: l.ConnectionsPerAddress, parties: make(map[netip.Prefix]*party)}
	h.pace, h.rates = l.pace(), newRates(&l)
}

// set sets what is zero.
func set[T int | float64](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// unlimited returns n, or no limit where that is not known.
func unlimited(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// exceeds reports whether n is more than a limit.
func exceeds(n, limit int) bool { return limit >= 0 && n > limit }

// The names of limits, in the figures.
const (
	limitConnections = "connections"
	limitSubject     = "connections_per_subject"
	limitAddress     = "connections_per_address"
	limitRate        = "connections_per_second"
	limitAccepted    = "accepted"
	limitEvents      = "events_per_second"
	limitURL         = "url_bytes"
	limitFields      = "header_fields"
	limitHeader      = "header_bytes"
	limitReplays     = "replays"
)

// overruns count what was refused because of a limit.
type overruns struct {
	connections, address, rate, accepted, events, url, fields, header atomic.Uint64
}

// A Usage is a limit, and how much of it is used now.
type Usage struct {
	// Name says what is limited, such as connections_per_address.
	Name string
	// Limit is negative if there is none.
	Limit float64
	// Used is how much is: of a limit for each subject, or each address, that of the
	// one who uses the most. It is negative where there is nothing to tell.
	Used int
	// Refused is how often it was exceeded since the handler was made, or the hub.
	Refused uint64
	// Waiting is how many wait for their turn, where nobody is refused.
	Waiting int
}

// Usage returns all limits that clients can exceed by how many they are or how much
// they send, always the same ones in the same order.
func (h *Handler) Usage() []Usage {
	l, o, subject, replays := &h.opts.Limits, &h.overruns, h.hub.ConnectionLimit(), h.hub.Stats().Replays
	return []Usage{
		{Name: limitConnections, Limit: float64(l.Connections), Used: h.drain.count(), Refused: o.connections.Load()},
		{Name: limitSubject, Limit: float64(subject.Limit), Used: subject.Most, Refused: subject.Refused + subject.Displaced},
		{Name: limitAddress, Limit: float64(l.ConnectionsPerAddress), Used: h.addresses.most(), Refused: o.address.Load()},
		{Name: limitRate, Limit: l.ConnectionsPerSecond, Used: -1, Refused: o.rate.Load()},
		{Name: limitAccepted, Limit: float64(l.Accepted), Used: h.accepted(), Refused: o.accepted.Load()},
		{Name: limitEvents, Limit: l.EventsPerSecond, Used: -1, Refused: o.events.Load()},
		{Name: limitURL, Limit: float64(l.URL), Used: -1, Refused: o.url.Load()},
		{Name: limitFields, Limit: float64(l.HeaderFields), Used: -1, Refused: o.fields.Load()},
		{Name: limitHeader, Limit: float64(l.HeaderBytes), Used: -1, Refused: o.header.Load()},
		{Name: limitReplays, Limit: float64(replays.Limit), Used: replays.Reading, Waiting: replays.Waiting},
	}
}
