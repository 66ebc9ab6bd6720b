package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/tidingstest"
)

// TestEverythingMeetsItsEnd lets publishers, streams and snapshots race with a
// drain, the end of the hub and that of the server, in changing order. All come
// to an end, every answer is one that the protocol knows, and TestMain finds
// what is left running.
func TestEverythingMeetsItsEnd(t *testing.T) {
	for round := range 30 {
		log := []tidings.Log{nil, tidingstest.NewSliceLog(nil)}[round%2]
		a := serveHub(t, newHub(t, log, &tidings.Options{MaxConnections: -1}), &httpapi.Options{DrainWindow: 5 * time.Millisecond})
		var work, begun sync.WaitGroup
		for i := range 4 {
			user := fmt.Sprint("user=u", i%2)
			for _, busy := range []func() (int, error){
				func() (int, error) { return a.status("POST", "/v1/publish/system?"+user, `{"type":"X"}`) },
				func() (int, error) { return a.status("GET", "/v1/stream/contexts?from=start&"+user, "") },
				func() (int, error) { return a.status("GET", "/v1/feed?"+user, "") },
			} {
				begun.Add(1)
				work.Go(func() { untilTheEnd(t, &begun, busy) })
			}
		}
		begun.Wait()
		ends := []func(){
			func() { a.h.Drain(context.Background()) },
			func() { a.hub.Close() },
			func() { a.h.Drain(canceled()) },
		}
		for i := range ends {
			work.Go(ends[(i+round)%len(ends)])
		}
		work.Wait()
		if n := a.hub.Stats().Subscribers; n != 0 {
			t.Errorf("round %d: %d subscribers are left", round, n)
		}
	}
}

// untilTheEnd asks again and again, until the answer tells of the end.
func untilTheEnd(t *testing.T, begun *sync.WaitGroup, ask func() (int, error)) {
	once := sync.OnceFunc(begun.Done)
	defer once()
	for {
		status, err := ask()
		once()
		if err != nil || status == http.StatusServiceUnavailable {
			return
		}
		if status != http.StatusOK {
			t.Errorf("got status %d", status)
			return
		}
	}
}

// status asks and reads what comes, for at most a moment if that is a stream.
func (a *api) status(method, path, body string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	if method != "GET" || strings.Contains(path, "feed") {
		ctx, cancel = context.WithTimeout(context.Background(), 10*time.Second)
	}
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.client.Do(request)
	if ctx.Err() != nil {
		return http.StatusOK, nil // the moment was over
	}
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}
