package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// A recorder keeps the bodies that a script is sent.
type recorder struct {
	script
	bodies []string
	fail   error // instead of an answer that is nil
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.bodies = append(r.bodies, string(body))
	if len(r.answers) > 0 && r.answers[0] == nil && r.fail != nil {
		r.answers = r.answers[1:]
		return nil, r.fail
	}
	return r.script.RoundTrip(req)
}

// publisher returns a client that talks to the recorder.
func publisher(t *testing.T, r *recorder) *client.Client {
	t.Helper()
	c, err := client.New("http://hub.test/base/", &client.Options{HTTPClient: &http.Client{Transport: r}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ok is the receipt of position 1-1.
func ok(status int) func(context.Context) *http.Response {
	return answer(status, "Content-Type: application/json", `{"id":"1-1","duplicate":true,"subscribers":3}`)
}

func TestPublishSendsThePayloadAsItIs(t *testing.T) {
	r := &recorder{script: script{answers: []func(context.Context) *http.Response{ok(200)}}}
	got, err := publisher(t, r).Publish(t.Context(), tidings.Event{
		User: "a<b", Channel: "agui", Session: "s", Type: "T", Key: "k", Trace: "t", Data: []byte(`{ "x" : "<&é\u2028" }`),
	})
	if err != nil || fmt.Sprint(got.ID, got.Duplicate, got.Subscribers) != "1-1 true 3" {
		t.Errorf("got %v, %v", got, err)
	}
	check(t, "asked", strings.Join(r.asked, "\n"), "/base/v1/events ")
	check(t, "body", r.bodies[0], `{"user":"a\u003cb","channel":"agui","session":"s","type":"T","key":"k","trace":"t","data":{ "x" : "<&é\u2028" }}`)
}

func TestPublishRawSendsWhatAnAgentEmits(t *testing.T) {
	r := &recorder{script: script{answers: []func(context.Context) *http.Response{ok(200)}}}
	_, err := publisher(t, r).PublishRaw(t.Context(), tidings.Event{
		User: "a&b", Channel: "agui", Session: "s", Key: "k", Data: []byte(`{"type": "RUN_STARTED"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "asked", strings.Join(r.asked, "\n"), "/base/v1/publish/agui?key=k&session=s&user=a%26b ")
	check(t, "body", r.bodies[0], `{"type": "RUN_STARTED"}`)
}

func TestPublishTriesAgainWithTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{script: script{answers: []func(context.Context) *http.Response{
			nil, answer(503, "Retry-After: 2", ""), answer(200, "", `{"id":`), answer(502, "", "<html>"), ok(202),
		}}}
		// A cut answer is a reader's error; half a document that ended well is not Tidings'.
		r.answers[2] = func(ctx context.Context) *http.Response {
			resp := answer(200, "", "")(ctx)
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":`), broken{}))
			return resp
		}
		if _, err := publisher(t, r).Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
		var sent struct{ Key string }
		if err := json.Unmarshal([]byte(r.bodies[0]), &sent); err != nil || len(sent.Key) < 20 {
			t.Errorf("key %q, %v, want a random one", sent.Key, err)
		}
		for _, body := range r.bodies {
			check(t, "body", body, r.bodies[0])
		}
		if len(r.bodies) != 5 {
			t.Errorf("%d attempts, want 5", len(r.bodies))
		}
	})
}

// broken is a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestPublishDoesNotRepeatWhatWasRefused(t *testing.T) {
	body := `{"type":"https://github.com/tidings-dev/tidings/blob/main/docs/protocol.md#too-large","title":"T","status":413,"detail":"too much","index":4}`
	r := &recorder{script: script{answers: []func(context.Context) *http.Response{
		answer(413, "Content-Type: application/problem+json; charset=utf-8", body),
	}}}
	_, err := publisher(t, r).PublishBatch(t.Context(), []tidings.Event{{Channel: "agui", Data: []byte("1")}})
	p, ok := errors.AsType[*client.ProblemError](err)
	if !ok || p.Kind != "too-large" || p.Index != 4 || !errors.Is(err, tidings.ErrTooLarge) || !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("got %#v", err)
	}
	check(t, "text", err.Error(), "publish: server answered 413: too much")
}

func TestPublishRefusesPayloadsThatAreNotOneValue(t *testing.T) {
	for _, data := range []string{"", `1,"user":"eve"`, "1}{", `{"a":1} 2`} {
		_, err := publisher(t, &recorder{}).PublishBatch(t.Context(), []tidings.Event{{Data: []byte("1")}, {Data: []byte(data)}})
		if !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%q: got %v", data, err)
		}
	}
}

func TestPublishSaysWhetherTheOutcomeIsKnown(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	unknown := answer(503, "Content-Type: application/problem+json",
		`{"type":"https://github.com/tidings-dev/tidings/blob/main/docs/protocol.md#outcome-unknown","detail":"d"}`)
	unavailable := answer(503, "Content-Type: application/problem+json",
		`{"type":"https://github.com/tidings-dev/tidings/blob/main/docs/protocol.md#unavailable","detail":"d"}`)
	for _, tt := range []struct {
		name    string
		fail    error
		first   func(context.Context) *http.Response
		rest    func(context.Context) *http.Response
		unknown bool
	}{
		{"never connected", dial, nil, nil, false},
		{"reset once", errors.New("reset"), nil, unavailable, true},
		{"outcome unknown once", dial, unknown, nil, true},
		{"unavailable", dial, unavailable, unavailable, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{fail: tt.fail, script: script{answers: []func(context.Context) *http.Response{tt.first}}}
			for range 50 {
				r.answers = append(r.answers, tt.rest)
			}
			began := time.Now()
			_, err := publisher(t, r).Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")})
			if err == nil || errors.Is(err, tidings.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("%s: got %v", tt.name, err)
			}
			if took := time.Since(began); took > 30*time.Second || len(r.bodies) < 5 {
				t.Errorf("%s: %d attempts in %v", tt.name, len(r.bodies), took)
			}
		})
	}
}

// A refusal says nothing of the attempt before it, whose answer was lost.
func TestPublishIsRefusedAfterAnAttemptOfUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{fail: errors.New("reset"), script: script{answers: []func(context.Context) *http.Response{nil, answer(401, "", "expired")}}}
		_, err := publisher(t, r).Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")})
		p, ok := errors.AsType[*client.ProblemError](err)
		if !ok || p.Status != 401 || !errors.Is(err, tidings.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPublishEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{script: script{answers: []func(context.Context) *http.Response{answer(503, "Retry-After: 20", "")}}}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(why) })
		_, err := publisher(t, r).Publish(ctx, tidings.Event{Channel: "agui", Data: []byte("1")})
		if !errors.Is(err, why) || !errors.Is(err, tidings.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	for _, base := range []string{"", "localhost:8080", "ftp://x", "http://", "http://x?y", "http://x#y", "http://[::1"} {
		if _, err := client.New(base, nil); err == nil {
			t.Errorf("%q was accepted", base)
		}
	}
}
