package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings/internal/herd"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A handover is many clients of one server that is asked to end, another server of
// the same log, and somebody who publishes meanwhile.
type handover struct {
	t        *testing.T
	ctx      context.Context
	from, to *replica
	owners   int
	last     []atomic.Int64 // number of the last event of each owner
	over     atomic.Bool    // nothing more is published
	connects atomic.Int64   // clients of the first server
	mu       sync.Mutex     // guards what follows
	returned []time.Time    // when clients came to the other server
}

// Thousands of streams leave a server that is asked to end. They lose nothing, and
// never does more than a fifth of them come back within a second.
func TestHandoverOfAHerd(t *testing.T) {
	skipShort(t)
	clients := 10_000
	if raceEnabled() { // it follows some thousand goroutines
		clients = 3000
	}
	herd.MakeRoom()
	server := natstest.NewProcess(t, t.TempDir())
	h := &handover{t: t, ctx: within(t, 2*patience), owners: clients / 10, last: make([]atomic.Int64, clients/10)}
	at := place{"nats", server.URL()}
	h.from, h.to = newReplica(t, "from", at), newReplica(t, "to", at)
	h.from.flags, h.to.flags = nil, nil // as they are by default
	startAll(t, h.ctx, []*replica{h.from, h.to})
	h.run(clients)
	h.judge(clients)
}

// run has everybody follow, ends a server in the middle, and returns when all have
// everything.
func (h *handover) run(clients int) {
	h.t.Helper()
	var all errgroup.Group
	turn := make(chan struct{}, 200)
	for c := range clients {
		all.Go(func() error { return h.follow(c%h.owners, turn) })
	}
	for h.connects.Load() < int64(clients) && h.ctx.Err() == nil {
		<-time.After(10 * time.Millisecond)
	}
	var publishing sync.WaitGroup
	publishing.Go(h.publish)
	h.from.end(h.t)
	for h.came() < clients && h.ctx.Err() == nil {
		<-time.After(10 * time.Millisecond)
	}
	h.over.Store(true)
	publishing.Wait()
	if err := all.Wait(); err != nil {
		h.t.Fatalf("%v (%d of %d came back)", err, h.came(), clients)
	}
}

// came returns how many came to the other server.
func (h *handover) came() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.returned)
}

// judge looks at how many came within any second.
func (h *handover) judge(clients int) {
	h.t.Helper()
	slices.SortFunc(h.returned, time.Time.Compare)
	most, first := 0, 0
	for i, at := range h.returned {
		for at.Sub(h.returned[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	if most > clients/5 {
		h.t.Errorf("%d of %d came back within a second", most, clients)
	}
	h.t.Logf("%d clients came back in %v, at most %d within a second", len(h.returned), h.returned[len(h.returned)-1].Sub(h.returned[0]), most)
}

// publish publishes for one owner after the other, at both servers as long as there
// are two, until it is over.
func (h *handover) publish() {
	for n := 0; !h.over.Load() && h.ctx.Err() == nil; n++ {
		owner := n % h.owners
		number := h.last[owner].Load() + 1
		at := []*replica{h.from, h.to}[n%2]
		for !h.post(at, owner, number) && h.ctx.Err() == nil {
			at = h.to
		}
		h.last[owner].Store(number)
	}
}

// post publishes an event, and reports whether it is kept.
func (h *handover) post(at *replica, owner int, number int64) bool {
	body := fmt.Sprintf(`{"user":"u%d","channel":"agui","session":"s","type":"T","key":"%d","data":{"number":%[2]d}}`, owner, number)
	req, err := http.NewRequestWithContext(h.ctx, http.MethodPost, at.url()+wire.EventsPath, strings.NewReader(body))
	if err != nil {
		h.t.Error(err)
		return true
	}
	req.Header.Set("Content-Type", wire.JSONType)
	resp, err := publishers.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// publishers has the connections of who publishes.
var publishers = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// A follower is one client.
type follower struct {
	owner int
	id    string        // of the last event or position
	next  int64         // number of the next event
	retry time.Duration // how long it waits when a stream ends
}

// follow follows an owner at the first server until that ends, and then at the
// other until it has everything.
func (h *handover) follow(owner int, turn chan struct{}) error {
	f := &follower{owner: owner, next: 1}
	for _, at := range []*replica{h.from, h.to} {
		turn <- struct{}{}
		conn, err := new(net.Dialer).DialContext(h.ctx, "tcp", at.address)
		<-turn
		if err != nil {
			return err
		}
		stop := context.AfterFunc(h.ctx, func() { conn.Close() })
		err = h.read(f, conn, at)
		conn.Close()
		if stop(); err != nil {
			return fmt.Errorf("a follower of u%d at %s: %w", f.owner, at.name, err)
		}
		if at == h.from {
			<-time.After(f.retry)
		}
	}
	return nil
}

// read reads a stream until it ends or the follower has everything.
func (h *handover) read(f *follower, conn net.Conn, at *replica) error {
	_, err := fmt.Fprintf(conn, "GET /v1/stream/agui?user=u%d HTTP/1.1\r\nHost: %s\r\nLast-Event-ID: %s\r\n\r\n", f.owner, at.address, f.id)
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 1024)
	if status, err := in.ReadString('\n'); err != nil || !strings.Contains(status, " 200 ") {
		return fmt.Errorf("%q, %v", status, err)
	}
	h.arrived(at)
	var line []byte
	for !h.over.Load() || f.next <= h.last[f.owner].Load() || at == h.from {
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			continue
		}
		if err != nil {
			if at == h.from && h.ctx.Err() == nil { // it ended
				return nil
			}
			return err
		}
		if err := f.take(line); err != nil {
			return err
		}
		line = line[:0]
	}
	return nil
}

// arrived notes that a stream began.
func (h *handover) arrived(at *replica) {
	if at == h.from {
		h.connects.Add(1)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.returned = append(h.returned, time.Now())
}

// take takes a line of a stream.
func (f *follower) take(line []byte) error {
	field, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
	switch string(field) {
	case "id":
		f.id = string(value)
	case "retry":
		ms, err := strconv.Atoi(string(value))
		f.retry = time.Duration(ms) * time.Millisecond
		return err
	case "event":
		return fmt.Errorf("it was told %s", value)
	case "data":
		number, err := strconv.ParseInt(strings.Trim(string(value), `{}"number:`), 10, 64)
		if err != nil || number != f.next {
			return fmt.Errorf("got %s (%v), want number %d", value, err, f.next)
		}
		f.next = number + 1
	}
	return nil
}
