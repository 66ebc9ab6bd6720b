package sse_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/tidings-dev/tidings/sse"
)

// trace decodes all of r and shows what came of it, in the language of
// testdata/vectors.txt.
func trace(r io.Reader, opts *sse.Options) string {
	var b strings.Builder
	var failed error
	d := sse.NewDecoder(r, opts)
	for e, err := range d.Events() {
		if err != nil {
			failed = err
			continue
		}
		b.WriteString(eventLine(e) + "\n")
	}
	b.WriteString("end" + quoted("id", d.LastEventID()))
	if retry, ok := d.Retry(); ok {
		fmt.Fprintf(&b, " retry=%v", retry)
	}
	if failed != nil {
		b.WriteString(quoted("error", failed.Error()))
	}
	return b.String()
}

// eventLine shows one event.
func eventLine(e sse.Event) string {
	var s string
	switch e.Kind {
	case sse.Message:
		s = fmt.Sprintf("message %q%s", e.Data, quoted("name", e.Name))
	case sse.Comment:
		s = fmt.Sprintf("comment %q%s", e.Data, quoted("name", e.Name))
	case sse.Position:
		s = "position" + quoted("data", string(e.Data)) + quoted("name", e.Name)
	}
	s += quoted("id", e.ID)
	if e.HasID {
		s += " new"
	}
	return s
}

func quoted(key, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(" %s=%q", key, value)
}
