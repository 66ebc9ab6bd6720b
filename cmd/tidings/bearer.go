package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// tokenEnv is the variable with a token. There is no flag for it, as there is none
// for the secret.
const tokenEnv = "TIDINGS_TOKEN"

// bearer has the flag of commands that have a token.
type bearer struct {
	TokenFile string `env:"TIDINGS_TOKEN_FILE" placeholder:"FILE" help:"A file with the token that says who asks, which is read for each request; without one it is that of the variable TIDINGS_TOKEN, if there is one."`
}

// header returns what adds the token to a request, or nil if there is none.
func (b *bearer) header() (func(context.Context, http.Header) error, error) {
	token := os.Getenv(tokenEnv)
	if b.TokenFile == "" && token == "" {
		return nil, nil
	}
	if b.TokenFile != "" {
		if _, err := b.read(); err != nil {
			return nil, usage("--token-file: %v", err)
		}
	}
	return func(_ context.Context, h http.Header) (err error) {
		now := token
		if b.TokenFile != "" {
			now, err = b.read()
		}
		h.Set("Authorization", "Bearer "+now)
		return err
	}, nil
}

// read returns the token in the file.
func (b *bearer) read() (string, error) {
	data, err := os.ReadFile(b.TokenFile)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("%s has not one token and nothing else", b.TokenFile)
	}
	return token, nil
}

// warn says where the token can be read on its way.
func (r *remote) warn(c *console) {
	for _, base := range r.URLs {
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "http" {
			continue
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback() && !ip.IsUnspecified()) {
			c.note("the token goes to %s over plain HTTP, where others can read it", u.Host)
		}
	}
}
