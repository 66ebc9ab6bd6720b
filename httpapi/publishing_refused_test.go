package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestLineThatIsTooLongIsTheLast(t *testing.T) {
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		k := a.talk("/v1/publish/system?user=u")
		go func() { // the server stops reading
			_, _ = io.WriteString(k.pipe, "1\n"+strings.Repeat("x", 1<<20+2<<10+1))
			_, _ = io.WriteString(k.pipe, "\n2\n")
		}()
		k.expect("1", "2 too-large: line 2 has more than 1050624 bytes", "0 too-large: line 2 has more than 1050624 bytes")
		k.vanish()
		if got := a.kept("u"); got != "system///=1" {
			t.Errorf("got %s", got)
		}
	})
}

func TestLargestLineIsTaken(t *testing.T) {
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		k := a.talk("/v1/publish/system?user=u")
		for i := range 3 {
			k.say(`"` + strings.Repeat("x", 1<<20-2) + "\"\n")
			k.expect(fmt.Sprint(i + 1))
		}
	})
}

func TestLinesOfMoreThanABatchAreTaken(t *testing.T) {
	for _, limits := range []tidings.Limits{{Batch: 7}, {BatchBytes: 40}, {Batch: 1, Event: 10, BatchBytes: 1}} {
		a := serveHub(t, newHub(t, nil, &tidings.Options{Limits: limits}), nil)
		k := a.talk("/v1/publish/system?user=u")
		k.say(strings.Repeat("\"123456\"\n", 50))
		for i := range 50 {
			k.expect(fmt.Sprint(i + 1))
		}
	}
}

// Only who names NDJSON is answered line by line; all others as ever.
func TestWhoDoesNotAskIsAnsweredOnce(t *testing.T) {
	a := serve(t, nil)
	for _, tt := range []struct {
		accept string
		lines  bool
	}{
		{"", false}, {"*/*", false}, {"application/*", false}, {"application/json", false},
		{"application/x-ndjson;q=0", false}, {"application/x-ndjson;q=x", false}, {"x-ndjson", false},
		{"application/x-ndjson", true}, {"Application/X-NDJSON;q=0.1, */*", true}, {"application/json, application/x-ndjson", true},
	} {
		for _, path := range []string{"/v1/publish/system?user=u", "/v1/events"} {
			got := a.postLines(path, `{"user":"u","channel":"system","data":1}`+"\n", "Accept: "+tt.accept)
			if lines := got.header.Get("Content-Type") == wire.NDJSONType; got.status != 200 || lines != tt.lines || strings.Contains(got.body, "receipts") == lines {
				t.Errorf("%s of who accepts %q: %d %s", path, tt.accept, got.status, got.body)
			}
		}
	}
	got := a.post("/v1/publish/system?user=u", `1`, "Accept: application/x-ndjson")
	if got.header.Get("Content-Type") != wire.JSONType {
		t.Errorf("JSON was answered with %v", got.header)
	}
}

func TestWhatConcernsTheRequestIsRefusedBeforeItsLines(t *testing.T) {
	a := serve(t, nil)
	lines := []string{"Accept: application/x-ndjson"}
	a.postLines("/v1/publish/system?user=u&key=k", "1", lines...).is(t, 400, wire.Invalid)
	a.postLines("/v1/publish/system?usr=u", "1", lines...).is(t, 400, wire.Invalid)
	a.postLines("/v1/publish/system", "1", lines...).is(t, 400, wire.UserMissing)
	a.postLines("/v1/publish/system?user=u", "1", append(lines, "Tidings-User: v")...).is(t, 403, wire.Forbidden)
	a.do("POST", "/v1/events", "1", append(lines, "Content-Type: application/x-ndjson", "Content-Encoding: gzip")...).is(t, 415, wire.UnsupportedMedia)
	a.nothingHappened()
}

// Who waits for the answer before he sends more is refused as soon as others.
func TestRefusalDoesNotWaitForABodyThatStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{Authenticate: func(*http.Request) (httpapi.Access, error) {
			return httpapi.Access{}, httpapi.ErrUnauthorized
		}}, nil)
		body, pipe := io.Pipe()
		req := a.request("POST", "/v1/events", "", "Content-Type: "+wire.NDJSONType, "Accept: "+wire.NDJSONType)
		req.Body, req.GetBody, req.ContentLength = body, nil, -1
		began := time.Now()
		res, err := a.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, res).is(t, 401, wire.Unauthorized)
		if took := time.Since(began); took != 0 {
			t.Errorf("after %v", took)
		}
		pipe.CloseWithError(io.ErrUnexpectedEOF)
	})
}

// The runs of so many owners are known, and not of any number.
func TestRunsOfTheLastOwnersAreKnown(t *testing.T) {
	a := serve(t, nil)
	k := a.talk("/v1/events")
	started := func(n int) string {
		return fmt.Sprintf(`{"user":"u%d","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t%d"}}`+"\n", n, n)
	}
	for n := range 2500 {
		k.say(started(n))
		k.hear()
	}
	k.say(`{"user":"u1500","channel":"agui","data":{"type":"STEP_STARTED"}}` + "\n")
	k.expect("2501")
	k.say(`{"user":"u1","channel":"agui","data":{"type":"STEP_STARTED"}}` + "\n")
	if got := k.hear(); !strings.HasPrefix(got, "2502 session-missing: ") {
		t.Errorf("got %s", got)
	}
}

func TestNothingIsKnownOfWhoWasRefused(t *testing.T) {
	var owners []string
	for n := range 5000 {
		owners = append(owners, fmt.Sprint(n))
	}
	if refused, kept := httpapi.KnownRuns(owners, true), httpapi.KnownRuns(owners, false); refused != 0 || kept < 1001 || kept > 2001 {
		t.Errorf("%d owners are known, of those who were refused %d", kept, refused)
	}
}

// A panicky writer panics at the second write.
type panicky struct {
	http.ResponseWriter
	writes int
}

func (p *panicky) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *panicky) Write(b []byte) (int, error) {
	if p.writes++; p.writes == 2 {
		panic(http.ErrAbortHandler)
	}
	return p.ResponseWriter.Write(b)
}

func TestNothingStaysBehindAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := httpapi.New(newHub(t, nil, nil), nil)
		s := nettest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(&panicky{w, 0}, r) }), nil)
		k := (&api{t, nil, h, s.URL, s.Client}).talk("/v1/publish/system?user=u")
		k.say("1\n")
		k.expect("1")
		k.say("2\n")
		k.expect("error")
		if err := h.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestClientMayVanishAtAnyMoment(t *testing.T) {
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		for i, text := range []string{"", "\n", "1", "1\n", "1\n2", strings.Repeat("1\n", 10_000)} {
			k := a.talk("/v1/publish/system?user=u")
			k.say(text)
			if strings.HasSuffix(text, "1\n") {
				k.hear()
			}
			if i%2 == 0 {
				k.res.Body.Close()
			}
			k.vanish()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := a.h.Drain(ctx); err != nil {
			t.Errorf("some are still served: %v", err)
		}
	})
}
