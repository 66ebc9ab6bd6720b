package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

func TestSilenceBetweenLinesIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
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
		k.expect("4", "0 invalid: line 5 has begun and does not come, or comes too slowly")
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
		if took := time.Since(began); took > 15*time.Second || !strings.Contains(string(got), `"duplicate":false`) || !strings.Contains(string(got), "line 2 has begun") {
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
	revoked := make(chan struct{})
	for _, tt := range []struct {
		name   string
		opts   httpapi.Options
		access httpapi.Access
		do     func(*api)
		want   string
	}{
		{"drain", httpapi.Options{}, httpapi.Access{}, func(a *api) { go a.h.Drain(a.t.Context()) }, draining},
		{"drain at once", httpapi.Options{}, httpapi.Access{}, func(a *api) { a.h.Drain(canceled()) }, draining},
		{"expiry", httpapi.Options{}, httpapi.Access{Expires: time.Now()}, nil, "0 unauthorized: the access has expired: connect again with another"},
		{"revocation", httpapi.Options{}, httpapi.Access{Revoked: revoked}, func(*api) { close(revoked) }, "0 unauthorized: the access was revoked"},
		{"age", httpapi.Options{MaxAge: time.Minute}, httpapi.Access{}, nil, "0 unavailable: the request has lasted as long as it may: connect again"},
	} {
		for _, busy := range []bool{false, true} {
			if busy && tt.access.Revoked != nil {
				revoked = make(chan struct{})
				tt.access.Revoked = revoked
			}
			t.Run(fmt.Sprint(tt.name, busy), func(t *testing.T) {
				if tt.access.Revoked != nil {
					endFromOutside(t, tt.opts, tt.access, tt.do, busy, tt.want)
					return
				}
				synctest.Test(t, func(t *testing.T) { endFromOutside(t, tt.opts, tt.access, tt.do, busy, tt.want) })
			})
		}
	}
}

func endFromOutside(t *testing.T, opts httpapi.Options, access httpapi.Access, do func(*api), busy bool, want string) {
	access.Publish = func(string) bool { return true }
	if !access.Expires.IsZero() {
		access.Expires = time.Now().Add(time.Minute)
	}
	opts.Authenticate = always(access)
	a := serveInMemory(t, newHub(t, nil, nil), &opts, nil)
	k := a.talk("/v1/publish/system?user=u")
	k.say("1\n")
	k.expect("1")
	began := time.Now()
	if do != nil {
		do(a)
	}
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
		t.Errorf("got %s, want %s", got, want)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("after %v", took)
	}
	k.expect("end")
	k.vanish()
	work.Wait()
	if n := a.hub.Stats().Published; n != uint64(answers) {
		t.Errorf("%d were published and %d answered", n, answers)
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
		if err := <-drained; err != nil || time.Since(began) > 11*time.Second {
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
			if n := a.hub.Stats().Published; n != 2 {
				t.Errorf("%d published", n)
			}
		})
	}
}
