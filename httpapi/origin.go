package httpapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A browser sends what it has of its visitor with every request that any page
// makes: his cookie, his place in the network. So where a page may do something
// by that, it has to be the server's own or one that is listed. Programs that are
// no browsers send no Origin and no Fetch Metadata, and are not concerned.

// CheckOrigin reports whether an origin can be one of [Options].Origins, and if
// not, what is wanted. It is what browsers send of a page: a scheme and a host, in
// lower case, and a port unless that is the scheme's own. There are no patterns,
// and "null", which every page can make its own, is refused.
func CheckOrigin(origin string) error {
	switch {
	case origin == "null":
		return errors.New("the origin null can be that of any page: list the origin of the site")
	case strings.Contains(origin, "*"):
		return fmt.Errorf("origin %q: requests have credentials, so each origin is listed by itself, without *", origin)
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return fmt.Errorf("origin %q: want a scheme and a host, such as https://app.example", origin)
	}
	if want := canonical(u); origin != want {
		return fmt.Errorf("origin %q: want it as browsers send it, such as %s", origin, want)
	}
	if strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'<>\^{|},;%`+"`", r) }) {
		return fmt.Errorf("origin %q: want the name of the host in ASCII, such as https://xn--bcher-kva.example", origin)
	}
	return nil
}

// canonical returns the origin of an address, as browsers send it.
func canonical(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	name, port, err := net.SplitHostPort(host)
	if err == nil && (port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80") {
		host = name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return scheme + "://" + host
}

// pages are the origins of pages that may use the routes.
type pages struct {
	listed map[string]bool
	cross  http.CrossOriginProtection
}

// listedPages returns the pages of some origins. It panics if one cannot be.
func listedPages(origins []string) *pages {
	p := &pages{listed: make(map[string]bool)}
	for _, origin := range origins {
		err := CheckOrigin(origin)
		if err == nil {
			err = p.cross.AddTrustedOrigin(origin)
		}
		if err != nil {
			panic(fmt.Sprintf("httpapi: Options.Origins: %v", err))
		}
		p.listed[origin] = true
	}
	return p
}

// check refuses what a page that is not listed makes a browser write.
func (p *pages) check(r *http.Request) error {
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if len(r.Header.Values(name)) > 1 {
			return refusal(wire.Invalid, "the header %s is given more than once", name)
		}
	}
	if p.cross.Check(r) != nil {
		return foreign(r)
	}
	return nil
}

// checkRead refuses what a page that is not listed makes a browser read: it could
// not look at the answer, but hold the visitor's connections.
func (p *pages) checkRead(r *http.Request) error {
	probe := *r
	probe.Method = http.MethodPost
	return p.check(&probe)
}

// foreign says that a page may not.
func foreign(r *http.Request) error {
	if origin := r.Header.Get("Origin"); origin != "" {
		return refusal(wire.Forbidden, "pages of %q may not do this: their origin is not this server's own, and not listed", shorten(origin))
	}
	return refusal(wire.Forbidden, "pages of other sites may not do this: Sec-Fetch-Site is %q", shorten(r.Header.Get("Sec-Fetch-Site")))
}
