package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkPublish is what a server spends on an event of 200 bytes that 64
// publishers send over connections of this machine that are kept: one by one as
// requests, one by one as lines of requests that stay open, and as bodies of 100
// lines. An operation is an event. The publishers write and read bytes that were
// made before, so most of the time is the server's and the kernel's.
func BenchmarkPublish(b *testing.B) {
	const path = "/v1/publish/agui?user=alice&session=t1"
	event := `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"`
	event += strings.Repeat("x", 198-len(event)) + `"}`
	head := func(kind, rest string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: " + kind + "\r\nContent-Type: " + kind + "\r\n" + rest + "\r\n"
	}
	lines := strings.Repeat(event+"\n", 100)
	chunk := fmt.Sprintf("%x\r\n%s\n\r\n", len(event)+1, event)
	for _, bm := range []struct {
		name, first, again string
		events             int
	}{
		{"request", "", head("application/json", fmt.Sprintf("Content-Length: %d\r\n", len(event))) + event, 1},
		{"line", head("application/x-ndjson", "Transfer-Encoding: chunked\r\n"), chunk, 1},
		{"burst", head("application/x-ndjson", "Transfer-Encoding: chunked\r\n"), strings.Repeat(chunk, 100), 100},
		{"batch", "", strings.Replace(head("application/x-ndjson", fmt.Sprintf("Content-Length: %d\r\n", len(lines))), "Accept: application/x-ndjson\r\n", "", 1) + lines, 100},
	} {
		b.Run(bm.name, func(b *testing.B) { benchPublish(b, bm.first, bm.again, bm.events) })
	}
}

// benchPublish publishes b.N events over 64 connections, so many with each text.
func benchPublish(b *testing.B, first, again string, events int) {
	a := serve(b, nil)
	var conns []net.Conn
	for range 64 {
		c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	b.ReportAllocs()
	b.ResetTimer()
	left, done := atomic.Int64{}, make(chan error, len(conns))
	left.Store(int64(b.N))
	for _, c := range conns {
		go func() { done <- publishOver(c, first, again, events, &left) }()
	}
	for range conns {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.StopTimer()
	if n := a.hub.Stats().Published; n < uint64(b.N) {
		b.Errorf("%d of %d published", n, b.N)
	}
}

// publishOver sends text after text, each when the one before is answered.
func publishOver(c net.Conn, first, again string, events int, left *atomic.Int64) error {
	in := bufio.NewReader(c)
	if first != "" {
		if _, err := io.WriteString(c, first); err != nil {
			return err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		in = bufio.NewReader(res.Body)
	}
	for left.Add(-int64(events)) > -int64(events) {
		if _, err := io.WriteString(c, again); err != nil {
			return err
		}
		if err := skipAnswers(in, first != "", events); err != nil {
			return err
		}
	}
	return nil
}

// skipAnswers reads an answer, or one for each event.
func skipAnswers(in *bufio.Reader, byLine bool, events int) error {
	for range events {
		if !byLine { // the last line of an answer is its body
			for {
				line, err := in.ReadSlice('\n')
				if err == bufio.ErrBufferFull {
					continue
				}
				if err != nil || line[0] == '{' || line[len(line)-2] == '}' {
					return err
				}
			}
		}
		if _, err := in.ReadSlice('\n'); err != nil {
			return err
		}
	}
	return nil
}
