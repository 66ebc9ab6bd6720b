package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
)

func TestSilenceBetweenLinesIsNoEnd(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a := servePipes(t, http2)
			k := a.talk("/v1/publish/system?user=u")
			time.Sleep(time.Hour)
			for i := range 3 {
				k.say("1\n")
				k.expect(fmt.Sprint(i + 1))
				time.Sleep(time.Hour)
			}
			k.pipe.Close()
			k.expect("end")
		})
	}
}

// servePipes serves a hub over pipes, by HTTP/1.1 or HTTP/2.
func servePipes(t *testing.T, http2 bool) *api {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	h := httpapi.New(newHub(t, nil, nil), nil)
	s := nettest.Serve(t, h, &http.Server{Protocols: protocols})
	transport := &http.Transport{
		Protocols:   protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Listener.Dial(ctx) },
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &api{t, nil, h, s.URL, &http.Client{Transport: transport}}
}

func TestLineThatHasBegunMustCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		k := a.talk("/v1/publish/system?user=u")
		for i := range 3 { // slow is not too slow
			k.say(`"half`)
			time.Sleep(9 * time.Second)
			k.say("\"\n")
			k.expect(fmt.Sprint(i + 1))
			time.Sleep(time.Minute)
		}
		began := time.Now()
		k.say("4\n5")
		k.expect("4", "0 invalid: a line has begun and does not come, or comes too slowly")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("after %v", took)
		}
		k.expect("end")
		if got := a.kept("u"); strings.Count(got, "\n") != 3 || !strings.HasSuffix(got, "=4") {
			t.Errorf("got %s", got)
		}
	})
}

// What has begun is not only what is a line's, but also what is a chunk's.
func TestHalfAChunkMustCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := listen(t)
		began := time.Now()
		c := say(t, l, "POST /v1/publish/system?user=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
		var work sync.WaitGroup
		defer work.Wait()
		work.Go(func() { _, _ = io.WriteString(c, "ffff\r\n1\n2") })
		got, _ := io.ReadAll(c)
		c.Close()
		if took := time.Since(began); took > 15*time.Second || !strings.Contains(string(got), `"duplicate":false`) || !strings.Contains(string(got), "a line has begun") {
			t.Errorf("after %v %s", took, got)
		}
		if n := a.hub.Stats().Published; n != 2 {
			t.Errorf("%d published", n)
		}
	})
}

func TestClientThatDoesNotReadItsAnswersIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := listen(t)
		c := say(t, l, "POST /v1/publish/system?user=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
		time.Sleep(time.Minute)
		if err := a.h.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if got, _ := io.ReadAll(c); len(got) != 0 {
			t.Errorf("still answered after a minute: %.40q", got)
		}
	})
}

// What ends a publishing from outside is told in a last line, whether lines come
// or not, and what came before is kept.
func TestLastLineSaysWhyThereAreNoMore(t *testing.T) {
	const draining = "0 unavailable: this server is about to stop: connect again, to another"
	for _, tt := range []struct {
		name string
		opts httpapi.Options
		do   func(a *api, revoked chan struct{})
		want string
	}{
		{"drain", httpapi.Options{}, func(a *api, _ chan struct{}) { go a.h.Drain(a.t.Context()) }, draining},
		{"drain at once", httpapi.Options{}, func(a *api, _ chan struct{}) { a.h.Drain(canceled()) }, draining},
		{"expiry", httpapi.Options{}, nil, "0 unauthorized: the access has expired: connect again with another"},
		{"revocation", httpapi.Options{}, func(_ *api, revoked chan struct{}) { close(revoked) }, "0 unauthorized: the access was revoked"},
		{"age", httpapi.Options{MaxAge: time.Second}, nil, "0 unavailable: the request has lasted as long as it may: connect again"},
	} {
		for _, busy := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				revoked := make(chan struct{})
				tt.opts.Authenticate = always(httpapi.Access{
					Publish: func(httpapi.Writing) bool { return true }, Revoked: revoked, Expires: time.Now().Add(time.Minute),
				})
				a := serveInMemory(t, newHub(t, nil, nil), &tt.opts, nil)
				endFromOutside(t, a, busy, func() {
					if tt.do != nil {
						tt.do(a, revoked)
					}
				}, tt.name+": "+tt.want)
			})
		}
	}
}

// endFromOutside checks the last line of a request in which lines come, or not.
func endFromOutside(t *testing.T, a *api, busy bool, do func(), want string) {
	name, want, _ := strings.Cut(want, ": ")
	k := a.talk("/v1/publish/system?user=u")
	k.say("1\n")
	k.expect("1")
	began := time.Now()
	do()
	var work sync.WaitGroup
	if busy {
		work.Go(func() {
			for {
				if _, err := io.WriteString(k.pipe, "1\n"); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	answers, got := 1, k.hear()
	for ; !strings.Contains(got, " ") && got != "end" && got != "error"; got = k.hear() {
		answers++
	}
	if got != want {
		t.Errorf("%s: got %s, want %s", name, got, want)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%s: after %v", name, took)
	}
	k.expect("end")
	k.vanish()
	work.Wait()
	if n := a.hub.Stats().Published; n != uint64(answers) {
		t.Errorf("%s: %d were published and %d answered", name, n, answers)
	}
}

func TestDrainWaitsForOpenRequestsAndTakesNoNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		k := a.talk("/v1/publish/system?user=u")
		began := time.Now()
		drained := make(chan error, 1)
		go func() { drained <- a.h.Drain(t.Context()) }()
		synctest.Wait()
		got := a.postLines("/v1/publish/system?user=u", "1\n", "Accept: application/x-ndjson")
		got.is(t, 503, "unavailable")
		a.postLines("/v1/publish/system?user=u", "1\n").ok(t)
		k.expect("0 unavailable: this server is about to stop: connect again, to another", "end")
		if err := <-drained; err != nil || time.Since(began) > 12*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// What the log refuses of the lines, for no fault of theirs, ends the request: a
// line after them would be out of order.
func TestLogThatFailsEndsTheRequest(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{tidings.ErrUnavailable, "0 unavailable: the log is not available"},
		{tidings.ErrUnknownOutcome, "0 outcome-unknown: outcome unknown: send the same request again"},
		{tidings.ErrTooManyKeys, "0 unavailable: append: tidings: too many keys in the key window"},
		{errors.New("secret"), "0 internal: the server's log has the reason"},
	} {
		synctest.Test(t, func(t *testing.T) {
			memory := tidings.NewMemoryLog(nil)
			defer memory.Close()
			log := &faultyLog{MemoryLog: memory}
			a := serveInMemory(t, newHub(t, log, nil), nil, nil)
			k := a.talk("/v1/publish/system?user=u")
			k.say("1\nx\n2\n")
			if got := k.hear() + k.hear()[:9] + k.hear(); got != "12 invalid2" {
				t.Errorf("got %s", got)
			}
			log.fail.Store(&tt.err)
			k.say("x\n3\n4\n5\n")
			if got := k.hear()[:9]; got != "4 invalid" {
				t.Errorf("got %s", got)
			}
			k.expect(tt.want, "end")
			k = a.talk("/v1/publish/system?user=u")
			k.say("6\n")
			k.expect(tt.want, "end")
			if n := a.hub.Stats().Published; n != 2 {
				t.Errorf("%d published", n)
			}
		})
	}
}

// A connection that is closed with something unread is reset, and what the
// client has not read is lost.
func TestLastLineArrivesThoughTheClientGoesOnSending(t *testing.T) {
	for range 3 {
		a := serve(t, nil)
		k := a.talk("/v1/publish/system?user=u")
		var work sync.WaitGroup
		work.Go(func() {
			for {
				if _, err := io.WriteString(k.pipe, strings.Repeat("1\n", 100)); err != nil {
					return
				}
			}
		})
		k.expect("1")
		a.h.Drain(canceled())
		answers, got := 1, k.hear()
		for ; !strings.Contains(got, " ") && got != "end" && got != "error"; got = k.hear() {
			answers++
		}
		if !strings.HasPrefix(got, "0 unavailable: ") {
			t.Errorf("got %s", got)
		}
		k.vanish()
		work.Wait()
		if n := a.hub.Stats().Published; n != uint64(answers) {
			t.Errorf("%d were published and %d answered", n, answers)
		}
	}
}
