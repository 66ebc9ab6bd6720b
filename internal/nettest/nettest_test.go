package nettest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/internal/nettest"
)

func TestRequestsWaitInBubbleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nettest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			fmt.Fprint(w, r.RemoteAddr)
		}), nil)
		began := time.Now()
		res, err := s.Client.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if got, want := fmt.Sprint(string(body), time.Since(began)), "127.0.0.1:801h0m0s"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestDialAfterCloseFails(t *testing.T) {
	l := nettest.NewListener()
	l.Close()
	l.Close()
	if c, err := l.Dial(t.Context()); err == nil {
		t.Errorf("got %v, want an error", c)
	}
	if c, err := l.Accept(); err == nil {
		t.Errorf("got %v, want an error", c)
	}
}
