package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/nettest"
	"github.com/tidings-dev/tidings/sse"
)

// An act is what a hostile server does with one request.
type act func(w http.ResponseWriter, r *http.Request)

// acts is a server that does one act after the other, and then answers 204.
type acts struct {
	mu    sync.Mutex // guards the rest
	list  []act
	asked []string // positions that were presented
}

func (a *acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client goes
	a.next(r)(w, r)
}

// next notes the request and returns what to do with it.
func (a *acts) next(r *http.Request) act {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, presented([]string{r.URL.RequestURI() + " " + r.Header.Get("Last-Event-ID")}))
	next := status(204, "", "")
	if len(a.list) > 0 {
		next, a.list = a.list[0], a.list[1:]
	}
	return next
}

// status answers at once; headers are lines.
func status(code int, headers, body string) act {
	return func(w http.ResponseWriter, _ *http.Request) {
		for line := range strings.Lines(headers) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // the client may have gone
	}
}

// says is a stream that ends well.
func says(body string) act { return status(200, "Content-Type: text/event-stream", body) }

// then does something more after what an act said was sent.
func (a act) then(next act) act {
	return func(w http.ResponseWriter, r *http.Request) {
		a(w, r)
		w.(http.Flusher).Flush()
		next(w, r)
	}
}

func hang(_ http.ResponseWriter, r *http.Request)  { <-r.Context().Done() }
func abort(http.ResponseWriter, *http.Request)     { panic(http.ErrAbortHandler) }
func pause(_ http.ResponseWriter, _ *http.Request) { time.Sleep(40 * time.Second) }

// more is another part of a body.
func more(text string) act {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// raw says something that need not be HTTP and hangs up.
func raw(text string) act {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		conn.Close()
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // to memory
	z.Close()
	return b.String()
}

func problemBody(kind string) string {
	return `{"type":"https://github.com/tidings-dev/tidings/blob/main/docs/protocol.md#` + kind + `","title":"T","detail":"why"}`
}

// hostile are the acts, in the order of the package documentation, and what
// comes of them: the events, or the error that ends it; the positions that
// were presented; how long it took.
var hostile = []struct {
	name  string
	acts  []act
	seen  string
	asked string
	least string // the most is half as much again, and a second
}{
	{"cut in the header", []act{raw("HTTP/1.1 200 OK\r\nContent-Ty"), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"another protocol", []act{raw("SSH-2.0-OpenSSH_9.6\r\n"), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"nothing at all", []act{raw(""), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"aborted", []act{says(frame(1) + "id: 1-2\ndata: {").then(abort), says(frame(2))}, "1 2", "none 1-1 1-2", "2s"},
	{"less than promised", []act{status(200, "Content-Type: text/event-stream\nContent-Length: 1000", frame(1)), says(frame(2))}, "1 2", "none 1-1 1-2", "2s"},
	{"a chunk cut", []act{raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n" + frame(1)), says(frame(2))},
		"1 2", "none 1-1 1-2", "2s"},
	{"no answer", []act{hang, says(frame(1))}, "1", "none none 1-1", "47s"},
	{"no byte", []act{says("").then(hang), says(frame(1))}, "1", "none none 1-1", "47s"},
	{"silence in a frame", []act{says(frame(1) + "id: 1-2\ndata: {}\n").then(hang), says(frame(2))}, "1 2", "none 1-1 1-2", "47s"},
	{"slow, but not silent", []act{says("id: 1-1\n").then(pause).then(more("data: 1\n")).then(pause).then(more("\n"))}, "1", "none 1-1", "81s"},
	{"429 in seconds", []act{status(429, "Retry-After: 60", "slow down"), says(frame(1))}, "1", "none none 1-1", "61s"},
	{"429 until a date", []act{func(w http.ResponseWriter, r *http.Request) {
		status(429, "Retry-After: "+time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat), "")(w, r)
	}, says(frame(1))}, "1", "none none 1-1", "90s"},
	{"503 until a date that passed", []act{status(503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", ""), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"503 in seconds", []act{status(503, "Retry-After: 10", ""), says(frame(1))}, "1", "none none 1-1", "11s"},
	{"503 for years", []act{status(503, "Retry-After: 999999999", ""), says(frame(1))}, "1", "none none 1-1", "301s"},
	{"503 with nonsense", []act{status(503, "Retry-After: soon", ""), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"503", []act{status(503, "", ""), status(503, "", ""), says(frame(1))}, "1", "none none none 1-1", "4s"},
	{"500, 502, 504", []act{status(500, "", ""), status(502, "Content-Type: text/html", page), status(504, "", ""), says(frame(1))}, "1", "none none none none 1-1", "8s"},
	{"408", []act{status(408, "", ""), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"204", []act{says(frame(1)), status(204, "", "")}, "1", "none 1-1", "1s"},
	{"400", []act{status(400, "Content-Type: application/problem+json", problemBody("bad-position"))}, "server answered 400: why [bad-position]", "none", "0s"},
	{"401", []act{says(frame(1)), status(401, "Content-Type: application/problem+json", problemBody("unauthorized"))}, "1 server answered 401: why [unauthorized]", "none 1-1", "1s"},
	{"403", []act{status(403, "Content-Type: application/problem+json", problemBody("forbidden"))}, "server answered 403: why [forbidden]", "none", "0s"},
	{"404 of something else", []act{status(404, "Content-Type: text/plain", "404 page not found\nat all")}, "server answered 404: 404 page not found []", "none", "0s"},
	{"404 page", []act{status(404, "Content-Type: text/html", page)}, "server answered 404: Not Found []", "none", "0s"},
	{"406", []act{status(406, "Content-Type: application/problem+json", "{")}, "server answered 406: { []", "none", "0s"},
	{"501", []act{status(501, "", "")}, "server answered 501: Not Implemented []", "none", "0s"},
	{"206", []act{status(206, "Content-Type: text/event-stream", frame(1))}, "server answered 206: id: 1-1 []", "none", "0s"},
	{"a page", []act{status(200, "Content-Type: text/html", page)}, "strange", "none", "0s"},
	{"JSON", []act{status(200, "Content-Type: application/json", `{"data":1}`)}, "strange", "none", "0s"},
	{"no type", []act{status(200, "Content-Type: ", frame(1))}, "strange", "none", "0s"},
	{"a stream in gzip", []act{status(200, "Content-Type: text/event-stream\nContent-Encoding: gzip", zipped(frame(1)))}, "strange", "none", "0s"},
	{"gzip that says nothing of it", []act{says(zipped(frame(1))), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"a page as a stream", []act{says("<html>\n\n" + page + "\n\n"), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"bytes as a stream", []act{says("\x00\xff\n\n\xfe: data\n\ndata\x00: 1\n\n"), says(frame(1))}, "1", "none none 1-1", "2s"},
	{"an empty stream", []act{says(""), says(""), says(frame(1))}, "1", "none none none 1-1", "4s"},
	{"half a frame", []act{says("id: 1-1\ndata: {}\n"), says("id: 1-1\ndata: {}"), says("id: 1-1"), says(frame(1))}, "1", "none none none none 1-1", "8s"},
	{"a line of 17 MiB", []act{says("data: " + strings.Repeat("x", 17<<20) + "\nid: 1-1\n\n")}, "too large", "none", "0s"},
	{"lines of 17 MiB", []act{says(strings.Repeat("data: "+strings.Repeat("x", 1<<20)+"\n", 17) + "id: 1-1\n\n")}, "too large", "none", "0s"},
	{"an event without an id", []act{says("data: {}\n\n")}, "strange", "none", "0s"},
	{"an id that is no position", []act{says(frame(1) + "id: 7\ndata: {}\n\n")}, "1 strange", "none", "0s"},
	{"an id of nothing", []act{says("id:\ndata: {}\n\n")}, "strange", "none", "0s"},
	{"an id beyond bounds", []act{says("id: 1-18446744073709551616\ndata: {}\n\n")}, "strange", "none", "0s"},
	{"a notice of nothing", []act{says("event: tidings.lost\nid: 1-1\ndata: {\n\n")}, "strange", "none", "0s"},
	{"a byte order mark", []act{says("\ufeffid: 1-1\ndata: {}\n\n")}, "1", "none 1-1", "1s"},
	{"CRLF", []act{says(strings.ReplaceAll(frame(1)+frame(2), "\n", "\r\n"))}, "1 2", "none 1-2", "1s"},
	{"CR", []act{says(strings.ReplaceAll(frame(1)+frame(2), "\n", "\r"))}, "1 2", "none 1-2", "1s"},
	{"a type with parameters", []act{status(200, "Content-Type: Text/Event-Stream; charset=utf-8", frame(1))}, "1", "none 1-1", "1s"},
	{"redirected", []act{status(307, "Location: /v1/stream/agui?user=moved", ""), says(frame(1)), status(301, "Location: /v1/stream/agui?user=moved", ""), says(frame(2))},
		"1 2", "none none 1-1 1-1 1-2", "2s"},
	{"redirected nowhere", []act{status(302, "", "")}, "server answered 302: Found []", "none", "0s"},
}

// outcome returns the events, and what the last error is.
func outcome(t *testing.T, c *client.Client, name string) string {
	t.Helper()
	var b strings.Builder
	for e, err := range c.Follow(t.Context(), client.Stream{Name: name}) {
		p, problem := errors.AsType[*client.ProblemError](err)
		_, large := errors.AsType[*sse.TooLargeError](err)
		switch {
		case problem:
			fmt.Fprintf(&b, "%v [%s]", err, p.Kind)
		case large:
			b.WriteString("too large")
		case err != nil && strings.HasSuffix(err.Error(), "is this a Tidings server?"):
			b.WriteString("strange")
		case err != nil:
			b.WriteString(err.Error())
		default:
			fmt.Fprint(&b, e.ID.Seq(), " ")
		}
	}
	return b.String()
}

// over returns a client that talks to the handler over HTTP/1.1, with no
// compression, as its own transport has none.
func over(t *testing.T, h http.Handler) *client.Client {
	t.Helper()
	s := nettest.Serve(t, h, nil)
	s.Client.Transport.(*http.Transport).DisableCompression = true
	c, err := client.New(s.URL, &client.Options{HTTPClient: s.Client})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFollowMeetsHostileServers(t *testing.T) {
	for _, tt := range hostile {
		synctest.Test(t, func(t *testing.T) {
			a, began := &acts{list: tt.acts}, time.Now()
			check(t, tt.name, outcome(t, over(t, a), "agui"), tt.seen)
			check(t, tt.name+": asked", strings.Join(a.asked, ""), " "+tt.asked)
			least, err := time.ParseDuration(tt.least)
			if took := time.Since(began); err != nil || took < least || took > least*3/2+time.Second {
				t.Errorf("%s: took %v, want %s", tt.name, took, tt.least)
			}
		})
	}
}

func TestPublishMeetsHostileServers(t *testing.T) {
	receipt := `{"id":"1-1","duplicate":false,"subscribers":0}`
	for _, tt := range []struct {
		name  string
		acts  []act
		seen  string // of the error
		asked int
	}{
		{"a receipt", []act{status(200, "", receipt)}, "<nil>", 1},
		{"cut in the header", []act{raw("HTTP/1.1 200 O"), status(200, "", receipt)}, "<nil>", 2},
		{"cut in the receipt", []act{status(200, "Content-Length: 100", receipt), status(200, "", receipt)}, "<nil>", 2},
		{"no answer", []act{hang, status(200, "", receipt)}, "<nil>", 2},
		{"429", []act{status(429, "Retry-After: 20", ""), status(200, "", receipt)}, "<nil>", 2},
		{"429 beyond patience", []act{status(429, "Retry-After: 60", "")}, "publish: server answered 429: Too Many Requests", 1},
		{"502 page", []act{status(502, "Content-Type: text/html", page), status(200, "", receipt)}, "<nil>", 2},
		{"401", []act{status(401, "", "who?")}, "publish: server answered 401: who?", 1},
		{"204", []act{status(204, "", "")}, "strange", 1},
		{"a page", []act{status(200, "Content-Type: text/html", page)}, "strange", 1},
		{"half a receipt", []act{status(200, "", receipt[:20])}, "strange", 1},
		{"a receipt of no position", []act{status(200, "", `{"id":"7"}`)}, `publish: receipt: tidings: invalid id "7": want a position such as "1763672400000000000-42"`, 1},
		{"gzip", []act{status(200, "Content-Encoding: gzip", zipped(receipt))}, "strange", 1},
		{"17 MiB", []act{status(200, "", strings.Repeat(" ", 17<<20)+receipt)}, "strange", 1},
		{"redirected with the body", []act{status(307, "Location: /v1/events", ""), status(200, "", receipt)}, "<nil>", 2},
		{"redirected without", []act{status(302, "Location: /", ""), status(200, "Content-Type: text/html", page)}, "strange", 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &acts{list: tt.acts}
			_, err := over(t, a).Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")})
			got := fmt.Sprint(err)
			if strings.HasSuffix(got, "is this a Tidings server?") {
				got = "strange"
			}
			check(t, tt.name, got, tt.seen)
			if len(a.asked) != tt.asked {
				t.Errorf("%s: %d requests, want %d", tt.name, len(a.asked), tt.asked)
			}
		})
	}
}
