package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Address returns the address of the client that made a request, as far as it is
// known: of the hops that it came through, the last one that is not a proxy that
// Options.TrustedProxies names. It is the zero Addr where there is none, as on a
// Unix socket that is not trusted.
//
// Of what proxies say only the header X-Forwarded-For counts, and of that only what
// trusted ones added: whoever is not trusted can have written the rest.
func (h *Handler) Address(r *http.Request) netip.Addr {
	at, trusted := h.peer(r)
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0 && trusted; i-- {
		for rest, more := lines[i], true; more && trusted; {
			var hop string
			rest, hop, more = cutLast(rest)
			before, ok := parseHop(hop)
			if !ok { // the proxy did not know, or does not speak so: what is left of it says nothing
				return at
			}
			at, trusted = before, h.trusts(before)
		}
	}
	return at
}

// peer returns the address at the other end of a request's connection, and whether
// that is a proxy that is trusted.
func (h *Handler) peer(r *http.Request) (at netip.Addr, trusted bool) {
	if end, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		at = end.Addr().Unmap().WithZone("")
		return at, h.trusts(at)
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return at, h.opts.TrustUnix && local != nil && local.Network() == "unix"
}

// trusts reports whether an address is that of a trusted proxy.
func (h *Handler) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(h.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// cutLast cuts the last element off a list.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// parseHop reads the address of a hop, with or without a port: proxies write both,
// and IPv6 in brackets or not.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.Trim(text, " \t")
	if end, err := netip.ParseAddrPort(text); err == nil {
		return end.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if text, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	at, err := netip.ParseAddr(text)
	return at.Unmap().WithZone(""), err == nil
}

// network returns what an address is counted as. Who has one of IPv6 has the
// network of 64 bits that it is in (RFC 6177).
func network(at netip.Addr) netip.Prefix {
	bits := at.BitLen()
	if at.Is6() {
		bits = 64
	}
	p, _ := at.Prefix(bits) // of the zero Addr it is the zero Prefix
	return p
}
