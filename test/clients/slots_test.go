package clients_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-dev/tidings/internal/wire"
)

const (
	strangers = 200 // connections that come and go
	hosts     = 20  // owners whose streams they ask for
	most      = 10  // connections of an owner
)

// A stream is a connection that asked for one, without a client that would
// tidy up.
type stream struct {
	conn   net.Conn
	reader *bufio.Reader
	status int
}

// ask connects and sends the first n bytes of a request for an owner's stream.
func ask(ctx context.Context, s *server, owner string, n int) (*stream, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.host)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	request := requestFor(s, owner)
	_, err = conn.Write([]byte(request[:min(n, len(request))]))
	return &stream{conn: conn, reader: bufio.NewReader(conn)}, err
}

// whole is more than a request has.
const whole = 1 << 20

func requestFor(s *server, owner string) string {
	return "GET " + wire.StreamPath + "agui?user=" + owner + " HTTP/1.1\r\nHost: " + s.host + "\r\nAccept: text/event-stream\r\n\r\n"
}

// answered reads the head of the answer.
func (s *stream) answered() error {
	resp, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return err
	}
	s.status = resp.StatusCode // the body is read from the connection
	return nil
}

// cut ends the connection.
func (s *stream) cut(how ending) {
	if how == reset {
		s.conn.(*net.TCPConn).SetLinger(0)
	}
	s.conn.Close()
}

// Whatever connections do, and however they end, nothing of them stays: no
// subscriber and no slot.
func TestConnectionsThatAreCutLeaveNothingBehind(t *testing.T) {
	skipShort(t)
	ctx, s := within(t, time.Minute), chosen(t)
	server := startServer(t, ctx)
	publishing, stop := context.WithCancel(ctx)
	defer stop()
	c, publishers := poster(t), new(errgroup.Group)
	publishers.Go(func() error { return chatter(publishing, server, c) })
	group := new(errgroup.Group)
	for i := range strangers {
		random := rand.New(rand.NewPCG(s, uint64(i)))
		group.Go(func() error { return stray(ctx, server, hostName(i%hosts), random) })
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	stop()
	if err := publishers.Wait(); err != nil {
		t.Error(err)
	}
	server.awaitSubscribers(t, ctx, 0)
	for i := range hosts {
		fill(t, ctx, server, hostName(i))
	}
	server.awaitSubscribers(t, ctx, 0)
}

func hostName(i int) string { return fmt.Sprintf("host-%02d", i) }

// chatter publishes to all hosts until ctx ends.
func chatter(ctx context.Context, s *server, c *http.Client) error {
	event := `{"type":"CUSTOM","name":"` + strings.Repeat("-", 1000) + `"}`
	for i := 0; ; i++ {
		path := wire.PublishPath + "agui?session=s&user=" + hostName(i%hosts)
		if _, err := s.publish(ctx, c, path, wire.NDJSONType, strings.Repeat(event+"\n", 20)); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// stray opens a connection, goes on with it for a random while, and cuts it.
func stray(ctx context.Context, s *server, owner string, random *rand.Rand) error {
	how := ending(random.IntN(2))
	part := whole
	stage := random.IntN(4)
	if stage == 0 {
		part = random.IntN(len(requestFor(s, owner)))
	}
	c, err := ask(ctx, s, owner, part)
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	defer c.cut(how)
	if stage <= 1 {
		return nil
	}
	if err := c.answered(); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if c.status != http.StatusOK {
		return fmt.Errorf("%s was answered with %d", owner, c.status)
	}
	if stage == 3 {
		if _, err := c.reader.Discard(random.IntN(50_000)); err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	return nil
}

// fill takes all of an owner's slots, which proves that none was kept, finds
// that there is no other, and that one is free as soon as its connection is
// cut.
func fill(t *testing.T, ctx context.Context, s *server, owner string) {
	t.Helper()
	open := func() *stream {
		t.Helper()
		c, err := ask(ctx, s, owner, whole)
		if err == nil {
			err = c.answered()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.conn.Close() })
		return c
	}
	var held []*stream
	for i := range most {
		c := open()
		if c.status != http.StatusOK {
			t.Fatalf("connection %d of %s was answered with %d", i+1, owner, c.status)
		}
		held = append(held, c)
	}
	if c := open(); c.status != http.StatusTooManyRequests {
		t.Fatalf("connection %d of %s was answered with %d, want 429", most+1, owner, c.status)
	}
	held[0].cut(reset)
	cut := time.Now()
	again := open()
	for again.status == http.StatusTooManyRequests && time.Since(cut) < time.Second {
		again.conn.Close()
		again = open()
	}
	if again.status != http.StatusOK {
		t.Errorf("%s: the slot of a connection that was cut is not free within %v", owner, time.Since(cut))
	}
	for i, c := range append(held[1:], again) {
		c.cut(ending(i % 2))
	}
}
