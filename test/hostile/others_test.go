//go:build linux

package hostile_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// others are clients that mean well: some follow an owner, for whom one publishes.
type others struct {
	t       testing.TB
	s       *server
	client  *http.Client
	streams []*bufio.Scanner
	leave   func() // has those who follow go
	next    int
}

// several is how many follow.
const several = 20

// others connects those who follow.
func (s *server) others(t testing.TB) *others {
	t.Helper()
	transport := &http.Transport{}
	o := &others{t: t, s: s, client: &http.Client{Transport: transport}}
	ctx, cancel := context.WithCancel(context.Background())
	o.leave = func() { cancel(); transport.CloseIdleConnections() }
	t.Cleanup(o.leave)
	for range several {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/v1/stream/agui?user=alice", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := o.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		o.streams = append(o.streams, bufio.NewScanner(resp.Body))
	}
	return o
}

// publish publishes one event, and fails if that takes longer than a test waits.
func (o *others) publish(user, session, data string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+o.s.addr+"/v1/publish/agui?user="+user+"&type=CUSTOM&session="+session, strings.NewReader(data))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := o.client.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		o.t.Fatalf("publish: %s", resp.Status)
	}
}

// publishMuch publishes more for an owner than a connection takes that is not read.
func (o *others) publishMuch(user string) {
	o.t.Helper()
	for range 8 {
		o.publish(user, "s", `{"x":"`+strings.Repeat("x", 32<<10)+`"}`)
	}
}

// exchange publishes events for a time, so many a second, and returns how long each
// took to each who follows: all get all of them, in order.
func (o *others) exchange(d time.Duration, rate int) []time.Duration {
	o.t.Helper()
	n := int(d.Seconds() * float64(rate))
	took, all := make([]time.Duration, n*several), sync.WaitGroup{}
	first := o.next
	for i, stream := range o.streams {
		all.Go(func() { o.read(stream, first, took[i*n:(i+1)*n]) })
	}
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for range n {
		<-ticker.C
		o.publish("alice", "s", fmt.Sprintf(`{"n":%d,"at":%d}`, o.next, time.Now().UnixNano()))
		o.next++
	}
	all.Wait()
	slices.Sort(took)
	return took
}

// read reads events from a number on.
func (o *others) read(stream *bufio.Scanner, next int, took []time.Duration) {
	for i := range took {
		n, at, ok := event(stream)
		if !ok || n != next+i {
			o.t.Errorf("got the event %d, want %d: %v", n, next+i, stream.Err())
			return
		}
		took[i] = time.Since(time.Unix(0, int64(at)))
	}
}

// event returns the number of the next event, and when it was published.
func event(stream *bufio.Scanner) (n, at int, ok bool) {
	for stream.Scan() {
		if data, is := bytes.CutPrefix(stream.Bytes(), []byte(`data: {"n":`)); is {
			number, rest, _ := strings.Cut(string(data), `,"at":`)
			n, _ = strconv.Atoi(number)
			at, _ = strconv.Atoi(strings.TrimSuffix(rest, "}"))
			return n, at, true
		}
	}
	return 0, 0, false
}

// quantile returns the time below which so much of all is.
func quantile(took []time.Duration, q float64) time.Duration {
	return took[min(int(q*float64(len(took))), len(took)-1)]
}

// expectProgress has others exchange events for a time while they are attacked.
func (o *others) expectProgress(d time.Duration) {
	o.t.Helper()
	took := o.exchange(d, 20)
	o.t.Logf("p50 %v, p99 %v, at most %v", quantile(took, .5), quantile(took, .99), took[len(took)-1])
	if most := took[len(took)-1]; most > patience {
		o.t.Errorf("an event took %v", most)
	}
}
