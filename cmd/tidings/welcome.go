package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tidings-dev/tidings/postgres"
)

// welcome says what to try with a server that runs.
func (c *console) welcome(s *serve, r *running) {
	url := r.url()
	on := c.errTTY && !c.noColour
	user, member := " --user alice", `"user":"alice",`
	query := "?user=alice"
	if s.SingleTenant || s.Auth.enabled() { // the token says whose
		user, member, query = "", "", ""
	}
	header := ""
	if s.Auth.enabled() {
		header = ` -H "Authorization: Bearer $` + tokenEnv + `"`
	}
	flag, program := "", os.Args[0]
	if url != "http://127.0.0.1:8080" {
		flag = " --url " + url
	}
	kept, more := s.kept(program + " tail" + flag + user)
	fmt.Fprintf(c.err, "%s listens on %s, events are kept in %s\n", paint(on, bold, "tidings "+versionName()), paint(on, green, url), kept)
	curl, look := "curl", [][2]string{{"Look", url + "/"}}
	if path, ok := strings.CutPrefix(url, unixPrefix); ok { // no browser goes there
		curl, look, url = "curl --unix-socket "+path, nil, "http://localhost"
	}
	watch := program + " tail" + flag
	if s.Auth.enabled() {
		watch = program + " tail contexts" + flag
	}
	c.tries(slices.Concat(s.Auth.tries(program), look, [][2]string{
		{"Watch", watch},
		{"Publish", program + " publish" + flag + user + ` --data '{"text":"hello"}'`},
		{"Or with curl", fmt.Sprintf(`%s %s/v1/events%s -H 'Content-Type: application/json' -d '{%s"channel":"system","data":{"text":"hello"}}'`, curl, url, header, member)},
	}, more, [][2]string{
		{"Follow with curl", fmt.Sprintf("%s -N '%s/v1/stream/contexts%s'%s", curl, url, query, header)},
		{"Replay a run", program + " replay" + flag + user + " run.jsonl"},
	}))
	if s.embedded() {
		c.note("%s", s.Directory.promise())
	}
	c.reach(s, r)
}

// reach says who reaches the server.
func (c *console) reach(s *serve, r *running) {
	if r.admin != nil {
		c.note("Figures and profiles are on %s.", urlOf(r.admin))
	}
	switch {
	case s.authenticated():
	case s.Listen.AnyoneMayReadAndPublish:
		c.note("There is no authentication: whoever reaches %s may read and publish everything.", r.url())
	case !s.SingleTenant:
		c.note("There is no authentication: only programs on this machine are served.")
	}
}

// tries says how to come by a token, where one is needed.
func (a *authentication) tries(program string) [][2]string {
	switch {
	case !a.enabled():
		return nil
	case a.secret == nil:
		return [][2]string{{"First", "export " + tokenEnv + "=…, a token of your issuer's"}}
	}
	from, hint := "", "   # with the "+secretEnv+" of this server"
	if a.SecretFile != "" {
		from, hint = " --secret-file "+shell(a.SecretFile), ""
	}
	return [][2]string{{"First", "export " + tokenEnv + `="$(` + program + " token" + from + ` --subject alice)"` + hint}}
}

// kept says where events are kept, and what can be tried because they are kept
// there. tail is a command that follows them.
func (s *serve) kept(tail string) (where string, tries [][2]string) {
	switch {
	case s.Log == memoryLog:
		return memoryLog, nil
	case s.embedded():
		return s.Directory.path(), [][2]string{{"Then Ctrl-C", "and start it again: a tail goes on where it was, and a new one has it all: " + tail + " --from-start"}}
	case s.Log == jetStreamLog:
		return s.NATS.place(), nil
	}
	a, _ := s.Postgres.address() // checkLog has seen that it is one
	owner := "alice"
	if s.SingleTenant {
		owner = ""
	}
	return place(&a), [][2]string{{"Or from SQL", psql(&a, owner)}}
}

// psql returns a command that publishes from SQL. It asks for a password, where
// one is needed.
func psql(a *postgres.Address, owner string) string {
	schema := a.Schema
	if schema != postgres.DefaultSchema {
		schema = `"` + strings.ReplaceAll(schema, `"`, `""`) + `"`
	}
	statement := fmt.Sprintf(`SELECT %s.tidings_publish('%s', 'system', '', '', '{"text":"hello"}')`, schema, owner)
	return "psql " + shell(a.URL()) + " -c " + shell(statement)
}

// shell returns text as a POSIX shell takes it for one word.
func shell(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(text) + `"`
}

// tries shows what to try: what for, and what to type.
func (c *console) tries(all [][2]string) {
	for _, try := range all {
		label := paint(c.errTTY && !c.noColour, dim, try[0])
		fmt.Fprintf(c.err, "  %s%s%s\n", label, strings.Repeat(" ", 18-len(try[0])), try[1])
	}
}

// invite says what to try with a demonstration at url.
func (c *console) invite(owners []string, url string) {
	on := c.errTTY && !c.noColour
	fmt.Fprintf(c.err, "%s plays recorded runs for %s on %s, until Ctrl-C\n",
		paint(on, bold, "tidings "+versionName()), enumerate(owners), paint(on, green, url))
	c.tries([][2]string{
		{"Look", url + "/?user=" + owners[0]},
		{"Follow with curl", fmt.Sprintf("curl -N '%s/v1/stream/contexts?user=%s'", url, owners[0])},
		{"From the start", fmt.Sprintf("curl -N '%s/v1/stream/agui?user=%s&from=start'", url, owners[len(owners)-1])},
		{"The newest", fmt.Sprintf("curl '%s/v1/feed?limit=5'", url)},
		{"Join in", fmt.Sprintf(`curl '%s/v1/publish/system?user=%s&session=hello' -H 'Content-Type: application/json' -d '{"text":"hello"}'`, url, owners[0])},
	})
}

// enumerate returns names as one says them, the first three if there are more.
func enumerate(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n > 3:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), n-3)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
