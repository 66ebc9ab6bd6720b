//go:build linux

package hostile_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// What requests of the table have in common.
const (
	get  = "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n"
	post = "POST /v1/publish/system?user=alice HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	next = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
)

// tricks are requests that are not as they should be, and the statuses of all
// answers to what was sent on that connection; "closed" where the server closes it.
// The request that follows is answered too where the server goes on.
var tricks = []struct{ name, sent, want string }{
	{"as it should be", get + "\r\n" + next, "200 200"},
	{"a body as it should be", post + "Content-Length: 1\r\n\r\n1" + next, "200 200"},
	{"chunks as they should be", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "200 200"},

	// The beginning.
	{"nothing", "\r\n\r\n", ""},
	{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400 closed"},
	{"HTTP/0.9", "GET /v1/stats\r\n\r\n", "400 closed"},
	{"HTTP/9.9", "GET /v1/stats HTTP/9.9\r\nHost: localhost\r\n\r\n", "505 closed"},
	{"no host", "GET /v1/stats HTTP/1.1\r\n\r\n", "400 closed"},
	{"two hosts", get + "Host: localhost\r\n\r\n", "400 closed"},
	{"another host", "GET http://other.example/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n", "403"},
	{"a method that is none", "G T /v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 closed"},
	{"a proxy", "CONNECT other.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"},
	{"trace", "TRACE /v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
	{"a star", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"},
	{"line feeds alone", "GET /v1/stats HTTP/1.1\nHost: localhost\n\n", "200"},

	// The header.
	{"a space before a colon", get + "Content-Length : 1\r\n\r\n", "400 closed"},
	{"a header that is folded", get + "X: a\r\n b\r\n\r\n", "200"},
	{"NUL in a header", get + "X: a\x00b\r\n\r\n", "400 closed"},
	{"CR in a header", get + "X: a\rb\r\n\r\n", "400 closed"},
	{"no colon", get + "X\r\n\r\n", "400 closed"},
	{"fields without end", get + strings.Repeat("X: y\r\n", 20_000), "431 closed"},
	{"many fields", get + strings.Repeat("X: y\r\n", 200) + "\r\n", "431"},
	{"one large field", get + "X: " + strings.Repeat("y", 100<<10) + "\r\n\r\n", "431 closed"},
	{"a long address", "GET /v1/stats?user=" + strings.Repeat("y", 40<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "414"},
	{"an endless address", "GET /" + strings.Repeat("y", 1<<20), "431 closed"},
	{"many parameters", "GET /v1/feed?" + strings.Repeat("session=s&", 3000) + "user=alice HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},

	// The length.
	{"two lengths that differ", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n11" + next, "400 closed"},
	{"two lengths in one", post + "Content-Length: 1, 1\r\n\r\n1" + next, "400 closed"},
	{"a length with a sign", post + "Content-Length: +1\r\n\r\n1" + next, "400 closed"},
	{"a negative length", post + "Content-Length: -1\r\n\r\n1" + next, "400 closed"},
	{"a length that is too large", post + "Content-Length: 99999999999999999999\r\n\r\n1", "400 closed"},
	{"a length that is a petabyte", post + "Content-Length: 1000000000000000\r\n\r\n1", "413 closed"},
	{"a length in hexadecimal", post + "Content-Length: 0x1\r\n\r\n1" + next, "400 closed"},
	{"a body for GET", get + "Content-Length: 5\r\n\r\nGET /" + next, "200 200"},
	{"a body for a stream", "GET /v1/stream/agui?user=alice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /" + next, "400 200"},
	{"an expectation nobody knows", post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n1" + next, "417 closed"},

	// The coding.
	{"a length and chunks", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "200 200"},
	{"a length that hides a request", post + "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, "400 closed"},
	{"chunks twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "501 closed"},
	{"chunks, listed twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "501 closed"},
	{"another coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "501 closed"},
	{"a coding that is none", post + "Transfer-Encoding: xchunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "501 closed"},
	{"a coding after a tab", post + "Transfer-Encoding:\tchunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "200 200"},
	{"a coding with a vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"chunks in HTTP/1.0", strings.Replace(post, "1.1", "1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a length in a trailer", post + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n1\r\n1\r\n0\r\nContent-Length: 5\r\n\r\n" + next, "400 closed"},

	// Chunks.
	{"a size that is none", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a negative size", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a size that is too large", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n1", "400 closed"},
	{"a size of many zeros", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 10_000) + "1\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a size in C", post + "Transfer-Encoding: chunked\r\n\r\n0x1\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a size that ends in LF", post + "Transfer-Encoding: chunked\r\n\r\n1\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"a chunk that does not end", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n11\r\n0\r\n\r\n" + next, "400 closed"},
	{"an extension", post + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n1\r\n0\r\n\r\n" + next, "200 200"},
	{"a huge extension", post + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 1<<20) + "\r\n1\r\n0\r\n\r\n" + next, "400 closed"},
	{"extensions without end", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\n1\r\n", 300), "400 closed"},
	{"tiny chunks", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n1\r\n", 1000) + "0\r\n\r\n" + next, "200 200"},
	{"trailers", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\nX: y\r\n\r\n" + next, "200 200"},
	{"trailers without end", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n" + strings.Repeat("X: y\r\n", 100_000), "400 closed"},
	{"a body that is too large", post + "Content-Length: 12000000\r\n\r\n" + strings.Repeat(" ", 12_000_000), "413 closed"},

	// Requests behind each other.
	{"a hundred requests at once", strings.Repeat(get+"\r\n", 100), strings.TrimSpace(strings.Repeat("200 ", 100))},
	{"publishing a hundred times at once", strings.Repeat(post+"Content-Length: 1\r\n\r\n1", 100), strings.TrimSpace(strings.Repeat("200 ", 100))},
	{"requests behind a stream", "GET /v1/stream/agui?user=bob HTTP/1.1\r\nHost: localhost\r\n\r\n" + strings.Repeat(post+"Content-Length: 1\r\n\r\n1", 100), "stream"},
	{"HTTP/2 that goes on in HTTP/1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + next, ""},
	{"an upgrade to HTTP/2", get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + next, "200 200"},
}

// TestTricks sends each, and expects what it is answered. 5 s.
func TestTricks(t *testing.T) {
	s := serve(t)
	var all sync.WaitGroup
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range next {
				if got := s.answers(t, tricks[i].sent, tricks[i].want); got != tricks[i].want {
					t.Errorf("%s: got %q, want %q", tricks[i].name, got, tricks[i].want)
				}
			}
		})
	}
	for i := range tricks {
		next <- i
	}
	close(next)
	all.Wait()
	s.expectNothingLeft(t)
	s.expectMemory(t, 1, 64<<20)
}

// lull is how long nothing comes from a server that has no more to say.
const lull = 300 * time.Millisecond

// answers sends what a client says, and returns the statuses of the answers: waiting
// for those that are wanted, and then for more as long as a lull.
func (s *server) answers(t *testing.T, sent, want string) string {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err.Error()
	}
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = io.WriteString(c, sent) }) // until all is sent, or the connection closed
	defer sending.Wait()
	defer c.Close()
	var all []string
	for in := bufio.NewReader(c); ; {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if len(all) == len(strings.Fields(strings.TrimSuffix(want, " closed"))) {
			_ = c.SetReadDeadline(time.Now().Add(lull))
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return strings.Join(all, " ")
		}
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
			return strings.Join(append(all, "stream"), " ")
		}
		all = append(all, fmt.Sprint(resp.StatusCode))
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.Close {
			return strings.Join(append(all, "closed"), " ")
		}
	}
}
