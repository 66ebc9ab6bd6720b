package main

import (
	"fmt"
	"os"
	"strings"
)

// welcome says what to try with a server at url.
func (c *console) welcome(s *serve, url string) {
	on := c.errTTY && !c.noColour
	user, member := " --user alice", `"user":"alice",`
	query := "?user=alice"
	if s.SingleTenant {
		user, member, query = "", "", ""
	}
	flag, program := "", os.Args[0]
	if url != "http://127.0.0.1:8080" {
		flag = " --url " + url
	}
	fmt.Fprintf(c.err, "%s listens on %s, events are kept in %s\n", paint(on, bold, "tidings "+versionName()), paint(on, green, url), s.Log)
	for _, try := range [][2]string{
		{"Look", url + "/"},
		{"Watch", program + " tail" + flag},
		{"Publish", program + " publish" + flag + user + ` --data '{"text":"hello"}'`},
		{"Or with curl", fmt.Sprintf(`curl %s/v1/events -H 'Content-Type: application/json' -d '{%s"channel":"system","data":{"text":"hello"}}'`, url, member)},
		{"Follow with curl", fmt.Sprintf("curl -N '%s/v1/stream/contexts%s'", url, query)},
		{"Replay a run", program + " replay" + flag + user + " run.jsonl"},
	} {
		fmt.Fprintf(c.err, "  %s%s%s\n", paint(on, dim, try[0]), strings.Repeat(" ", 18-len(try[0])), try[1])
	}
	if !s.SingleTenant {
		c.note("There is no authentication: only programs on this machine are served.")
	}
}
