package main

import "github.com/tidings-dev/tidings/httpapi"

// browsers has the flags for pages in browsers.
type browsers struct {
	Origins []string `name:"origin" sep:"," env:"TIDINGS_ORIGIN" placeholder:"ORIGIN" help:"The origin of pages that may use the routes, such as https://app.example; may be given more than once, in the variable separated by commas. The server's own pages may anyway."`
	Cookie  string   `env:"TIDINGS_COOKIE" placeholder:"NAME" help:"The name of the cookie into which pages can put their token (POST /v1/cookie), for an EventSource cannot set headers. By default there is none."`
}

// check reports, before anything starts, what cannot be.
func (b *browsers) check(authenticated bool) error {
	for _, origin := range b.Origins {
		if err := httpapi.CheckOrigin(origin); err != nil {
			return usage("--origin: %v", err)
		}
	}
	if b.Cookie == "" {
		return nil
	}
	if !authenticated {
		return usage("--cookie is for tokens, and without authentication there are none: leave it out")
	}
	if err := httpapi.CheckCookie(b.Cookie); err != nil {
		return usage("--cookie: %v", err)
	}
	return nil
}

// apply sets the options of the routes.
func (b *browsers) apply(opts *httpapi.Options) { opts.Origins, opts.Cookie = b.Origins, b.Cookie }
