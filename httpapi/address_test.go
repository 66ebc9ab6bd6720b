package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/httpapi"
)

// behind returns a handler that trusts these proxies.
func behind(t testing.TB, unix bool, proxies ...string) *httpapi.Handler {
	o := &httpapi.Options{TrustUnix: unix}
	for _, p := range proxies {
		o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix(p))
	}
	return httpapi.New(newHub(t, nil, nil), o)
}

func TestAddressOfAClient(t *testing.T) {
	h := behind(t, false, "10.0.0.0/8", "192.0.2.1/32", "fd00::/8")
	for _, tt := range []struct {
		peer  string
		lines []string
		want  string
	}{
		// Nobody is trusted who is not on the list.
		{"203.0.113.5:1234", nil, "203.0.113.5"},
		{"203.0.113.5:1234", []string{"198.51.100.7"}, "203.0.113.5"},
		{"[2001:db8::1]:1234", []string{"198.51.100.7"}, "2001:db8::1"},
		{"[::ffff:203.0.113.5]:1", []string{"198.51.100.7"}, "203.0.113.5"},
		{"[fe80::1%eth0]:1", nil, "fe80::1"},
		// A proxy that says nothing is the client.
		{"10.1.1.1:1", nil, "10.1.1.1"},
		{"10.1.1.1:1", []string{""}, "10.1.1.1"},
		{"[::ffff:10.1.1.1]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"192.0.2.2:1", []string{"198.51.100.7"}, "192.0.2.2"},
		// From the right to the left, past those that are trusted.
		{"10.1.1.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"1.1.1.1, 198.51.100.7"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"1.1.1.1, 198.51.100.7, 10.2.2.2,192.0.2.1"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		{"10.1.1.1:1", []string{"1.1.1.1", "198.51.100.7", "10.2.2.2"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"1.1.1.1", "10.3.3.3, 10.2.2.2"}, "1.1.1.1"},
		{"[fd00::1]:1", []string{"198.51.100.7, fd12::1"}, "198.51.100.7"},
		// However they are written.
		{"10.1.1.1:1", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"\t198.51.100.7 "}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"10.1.1.1:1", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"10.1.1.1:1", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"10.1.1.1:1", []string{"fe80::7%1"}, "fe80::7"},
		{"10.1.1.1:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"10.1.1.1:1", []string{"198.51.100.7, ::ffff:10.2.2.2"}, "198.51.100.7"},
		// What is none makes what is left of it nothing.
		{"10.1.1.1:1", []string{"unknown"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.7, unknown, 10.2.2.2"}, "10.2.2.2"},
		{"10.1.1.1:1", []string{"198.51.100.7,"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.7,,10.2.2.2"}, "10.2.2.2"},
		{"10.1.1.1:1", []string{"198.51.100.7", ""}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"_hidden, 10.2.2.2:99999"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"[198.51.100.7"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.7]"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.07"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.7 10.2.2.2"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{`"198.51.100.7"`}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"\x00"}, "10.1.1.1"},
		{"10.1.1.1:1", []string{"198.51.100.7," + strings.Repeat("10.2.2.2,", 5000) + "10.3.3.3"}, "198.51.100.7"},
		// No peer, no address.
		{"", []string{"198.51.100.7"}, "invalid IP"},
		{"@", []string{"198.51.100.7"}, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		for _, line := range tt.lines {
			r.Header.Add("X-Forwarded-For", line)
		}
		r.Header.Set("Forwarded", "for=1.2.3.4")
		r.Header.Set("X-Real-Ip", "1.2.3.4")
		if got := h.Address(r).String(); got != tt.want {
			t.Errorf("%s, %.60q: got %s, want %s", tt.peer, tt.lines, got, tt.want)
		}
	}
}

func TestAddressBehindAUnixSocket(t *testing.T) {
	for trusted, want := range map[bool]string{true: "198.51.100.7", false: "invalid IP"} {
		h := behind(t, trusted, "10.0.0.0/8")
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "@"
		r.Header.Set("X-Forwarded-For", "198.51.100.7, 10.2.2.2")
		ctx := context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Name: "/run/tidings.sock", Net: "unix"})
		if got := h.Address(r.WithContext(ctx)).String(); got != want {
			t.Errorf("trusted %t: got %s, want %s", trusted, got, want)
		}
	}
}

// FuzzAddress has a header that proxies of any kind could send: the address is that
// of the peer, or stands in the header, and only a trusted one is passed by.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"1.2.3.4", "[::1]:80, 10.1.1.1", "unknown,10.1.1.1", ",,", "[", "fe80::1%eth0"} {
		f.Add(seed, seed)
	}
	h := behind(f, false, "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, first, second string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Forwarded-For"] = []string{first, second}
		r.RemoteAddr = "10.0.0.1:1"
		got := h.Address(r)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("got %v", got)
		}
		r.RemoteAddr = "192.0.2.1:1"
		if got := h.Address(r); got != netip.MustParseAddr("192.0.2.1") {
			t.Fatalf("of one that is not trusted got %v", got)
		}
	})
}
