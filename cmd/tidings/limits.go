package main

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// limits has the flags that bound what clients take of a server.
type limits struct {
	AtCap                    string    `default:"refuse" enum:"refuse,end-oldest" env:"TIDINGS_AT_CAP" help:"What becomes of a connection more than --max-connections: refuse it, or end-oldest, which ends the subject's oldest one in its place (${default})."`
	MaxConnectionsPerAddress bound     `default:"unlimited" env:"TIDINGS_MAX_CONNECTIONS_PER_ADDRESS" placeholder:"N" help:"How many connections there may be from an address, or a network of 64 bits of IPv6 (${default}: a network has one address for many, and so has a proxy that is not a --trusted-proxy)."`
	MaxConnectionsTotal      bound     `default:"auto" env:"TIDINGS_MAX_CONNECTIONS_TOTAL" placeholder:"N" help:"How many connections there may be in total; auto is as many as the process may have open files, but for a tenth or 1000 (${default})."`
	NewConnectionsPerSecond  bound     `default:"1000" env:"TIDINGS_NEW_CONNECTIONS_PER_SECOND" placeholder:"N" help:"How many connections may begin in a second; as many as there may be in total can at once, if few began before (${default})."`
	PublishRate              bound     `default:"unlimited" env:"TIDINGS_PUBLISH_RATE" placeholder:"N" help:"How many events a subject may publish in a second (${default}: a backend publishes for all its users)."`
	PublishBurst             bound     `default:"auto" env:"TIDINGS_PUBLISH_BURST" placeholder:"N" help:"How many at once, if it published few before; auto is as many as in a second, or in the largest batch (${default})."`
	Replays                  bound     `default:"16384" env:"TIDINGS_REPLAYS" placeholder:"N" help:"How many clients that come back may read what they missed from the log at a time; others wait for their turn (${default})."`
	MaxHeader                sizeBound `default:"64KiB" env:"TIDINGS_MAX_HEADER" placeholder:"SIZE" help:"How large the header of a request may be (${default})."`
	TrustedProxies           []proxy   `name:"trusted-proxy" sep:"," env:"TIDINGS_TRUSTED_PROXY" placeholder:"CIDR,…" help:"The addresses of proxies whose X-Forwarded-For says who a client is, such as 10.0.0.0/8; unix is whoever connects to a Unix socket."`
}

// A bound is a number, or none.
type bound float64

// UnmarshalText reads a number such as 1000 or 0.5.
func (b *bound) UnmarshalText(text []byte) error {
	switch string(text) {
	case unlimited:
		*b = none
		return nil
	case "auto":
		*b = 0
		return nil
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n > 0 && n <= math.MaxInt32) {
		return fmt.Errorf("%q: want a number above 0, or %s", text, unlimited)
	}
	*b = bound(n)
	return nil
}

// MarshalText returns what UnmarshalText reads.
func (b bound) MarshalText() ([]byte, error) {
	switch b {
	case none:
		return []byte(unlimited), nil
	case 0:
		return []byte("auto"), nil
	}
	return strconv.AppendFloat(nil, float64(b), 'f', -1, 64), nil
}

// whole returns the bound of what is counted, for which 0 is the default.
func (b bound) whole() int {
	if b > 0 {
		return max(int(b), 1)
	}
	return int(b)
}

// A proxy is a flag that names addresses, or the Unix socket.
type proxy struct {
	unix  bool
	where netip.Prefix
}

// UnmarshalText reads a prefix, an address or unix.
func (p *proxy) UnmarshalText(text []byte) (err error) {
	if p.unix = string(text) == "unix"; p.unix {
		return nil
	}
	if p.where, err = netip.ParsePrefix(string(text)); err == nil {
		return nil
	}
	at, err := netip.ParseAddr(string(text))
	if err != nil || at.Zone() != "" {
		return fmt.Errorf("%q: want addresses such as 10.0.0.0/8 or fd00::1, or unix", text)
	}
	p.where = netip.PrefixFrom(at, at.BitLen())
	return nil
}

// MarshalText returns what UnmarshalText reads.
func (p proxy) MarshalText() ([]byte, error) {
	if p.unix {
		return []byte("unix"), nil
	}
	return p.where.MarshalText()
}

// hub puts what the hub limits into its options.
func (l *limits) hub(o *tidings.Options) *tidings.Options {
	o.Replays = l.Replays.whole()
	if l.AtCap == "end-oldest" {
		o.AtCap = tidings.EndOldest
	}
	return o
}

// api puts what is limited by HTTP into the options of its routes.
func (l *limits) api(o *httpapi.Options) *httpapi.Options {
	o.Limits = httpapi.Limits{
		Connections: l.MaxConnectionsTotal.whole(), ConnectionsPerAddress: l.MaxConnectionsPerAddress.whole(),
		ConnectionsPerSecond: float64(l.NewConnectionsPerSecond),
		EventsPerSecond:      float64(l.PublishRate), EventsBurst: l.PublishBurst.whole(),
		HeaderBytes: int(l.MaxHeader),
	}
	for _, p := range l.TrustedProxies {
		if p.unix {
			o.TrustUnix = true
		} else {
			o.TrustedProxies = append(o.TrustedProxies, p.where)
		}
	}
	return o
}

// headerBytes returns how much of a header the server reads, 0 for its default.
func (l *limits) headerBytes() int { return max(int(min(l.MaxHeader, math.MaxInt32)), 0) }
