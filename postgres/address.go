package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

// An Address is where a log lives. It has no secrets, so it can be shown.
type Address struct {
	Servers  []string // a host and port each, or a socket's path
	Database string
	User     string
	Schema   string

	hosts, ports []string
	ways         url.Values // how to connect, as far as psql knows it too
}

// ways are the parameters of a URL that an address keeps.
var ways = []string{
	"sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation", "sslsni", "channel_binding", "target_session_attrs",
}

// ParseAddress returns what a connection string says, as Open reads it, of a log
// in a schema; empty means DefaultSchema. It makes no connection. Its error
// matches [tidings.ErrInvalid].
func ParseAddress(url, schema string) (Address, error) {
	o, err := (&Options{Schema: schema}).withDefaults()
	if err != nil {
		return Address{}, err
	}
	config, err := parseURL(url)
	if err != nil {
		return Address{}, err
	}
	c := config.ConnConfig
	a := Address{Database: c.Database, User: c.User, Schema: o.Schema, ways: waysOf(url)}
	a.add(c.Host, c.Port)
	for _, f := range c.Fallbacks {
		a.add(f.Host, f.Port)
	}
	return a, nil
}

// add adds a server. Each can be there twice, with TLS and without.
func (a *Address) add(host string, port uint16) {
	server := net.JoinHostPort(host, strconv.Itoa(int(port)))
	if strings.HasPrefix(host, "/") {
		server = host + "/.s.PGSQL." + strconv.Itoa(int(port))
	}
	if slices.Contains(a.Servers, server) {
		return
	}
	a.Servers = append(a.Servers, server)
	a.hosts, a.ports = append(a.hosts, host), append(a.ports, strconv.Itoa(int(port)))
}

// waysOf returns the parameters of a URL that an address keeps.
func waysOf(raw string) url.Values {
	kept := url.Values{}
	_, query, _ := strings.Cut(raw, "?")
	given, _ := url.ParseQuery(query) // what it cannot read is left out
	for _, name := range ways {
		if given.Has(name) {
			kept.Set(name, given.Get(name))
		}
	}
	return kept
}

// URL returns a URL without password that psql and other programs of PostgreSQL
// read.
func (a *Address) URL() string {
	u := url.URL{Scheme: "postgres", Path: "/" + a.Database, RawQuery: a.ways.Encode()}
	if a.User != "" {
		u.User = url.User(a.User)
	}
	if !slices.ContainsFunc(a.hosts, func(h string) bool { return strings.HasPrefix(h, "/") }) {
		u.Host = strings.Join(a.Servers, ",")
		return u.String()
	}
	query := url.Values{"host": {strings.Join(a.hosts, ",")}, "port": {strings.Join(a.ports, ",")}}
	u.RawQuery = strings.TrimSuffix(query.Encode()+"&"+u.RawQuery, "&")
	return u.String()
}

// parseURL reads a connection string. Its error does not repeat the string,
// which may hold a password in a place that nobody expects.
func parseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err == nil {
		return config, nil
	}
	invalid := &tidings.InvalidError{ // #nosec G101 -- an example
		Field: "url", Want: "one such as postgres://app:secret@db.example/app, with what is special in a password percent-encoded",
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		invalid.Want, invalid.Cause = "its files to be readable: "+file.Error(), file
	}
	return nil, fmt.Errorf("postgres: %w", invalid)
}
