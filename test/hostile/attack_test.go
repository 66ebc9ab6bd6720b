//go:build linux

package hostile_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// attack is what an attacker's process does, until it is killed or its standard
// input ends.
func attack(how, addr string) {
	name, number, _ := strings.Cut(how, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	attackers := attackersOf(name, addr, n)
	fmt.Println("begun")
	for beat := 0; ; beat++ {
		for part := range parts { // not all at once: what is measured is not how fast they are
			began := time.Now()
			for i := part; i < n; i += parts {
				attackers[i].drip(beat)
			}
			time.Sleep(time.Second/parts - time.Since(began))
		}
	}
}

// parts is how many times in a second some of the attackers have their turn.
const parts = 100

// attackersOf returns attackers of whom each is connected.
func attackersOf(name, addr string, n int) []attacker {
	all := make([]attacker, n)
	var connecting sync.WaitGroup
	for part := range 50 {
		connecting.Go(func() {
			for i := part; i < n; i += 50 {
				all[i] = attacker{script: scripts[name], addr: addr, i: i}
				all[i].connect()
			}
		})
	}
	connecting.Wait()
	return all
}

// A script is what attackers say when they are connected, and then every second; in
// both, %d is their number.
type script struct{ first, then string }

var scripts = map[string]script{
	// A request whose header never ends.
	"slow-header": {"GET /v1/stream/agui?user=crowd HTTP/1.1\r\nHost: localhost\r\n", "X-%d: y\r\n"},
	// One that does not begin.
	"silent": {"", ""},
	// A body that never ends, one byte a second, of a length or in chunks, or published
	// line by line.
	"slow-body":  {"POST /v1/publish/system?user=crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[", "1"},
	"slow-chunk": {"POST /v1/publish/system?user=crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n", "1\r\n1\r\n"},
	"slow-line":  {"POST /v1/publish/system?user=crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n", "1\r\n1\r\n"},
	// A stream, and answers, that nobody reads.
	"never-read": {"GET /v1/stream/agui?user=crowd&from=start HTTP/1.1\r\nHost: localhost\r\n\r\n", ""},
	"no-answers": {"GET /v1/feed?user=crowd&limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /v1/feed?user=crowd&limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
	// What is larger than it may be, again and again.
	"huge-header":    {hugeHeader, hugeHeader},
	"huge-body":      {hugeBody, hugeBody},
	"huge-extension": {hugeExtension, hugeExtension},
	// Streams that begin and end without end.
	"churn": {"GET /v1/stream/agui?user=crowd HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x00"},
}

var (
	hugeHeader    = "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nY: " + strings.Repeat("y", 60<<10) + "\r\n\r\n"
	hugeBody      = "POST /v1/publish/system?user=crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 12000000\r\n\r\n" + strings.Repeat(" ", 12_000_000)
	hugeExtension = "POST /v1/publish/system?user=crowd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 1<<20)
)

// An attacker is one connection after the other.
type attacker struct {
	script
	addr string
	i    int
	conn net.Conn
}

// connect makes a connection that takes nothing in, from one of many addresses: one
// alone has too few ports.
func (a *attacker) connect() {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+a.i%100))}, Timeout: 10 * time.Second}
	conn, err := d.Dial("tcp", a.addr)
	if err != nil {
		return // the next time, perhaps
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	_ = conn.(*net.TCPConn).SetLinger(0)
	a.conn = conn
	a.say(a.first)
}

// drip says what comes next, over another connection if the server has closed this
// one.
func (a *attacker) drip(beat int) {
	if a.then == "\x00" && a.conn != nil {
		_ = a.conn.Close()
		a.conn = nil
	}
	if a.conn == nil {
		a.connect()
		return
	}
	a.say(strings.ReplaceAll(a.then, "%d", strconv.Itoa(beat)))
}

// say sends what the server takes at once.
func (a *attacker) say(text string) {
	if text == "" {
		return
	}
	_ = a.conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := io.WriteString(a.conn, text); err != nil && !os.IsTimeout(err) {
		_ = a.conn.Close()
		a.conn = nil
	}
}
