package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// verbatim are payloads that a careless server changes, and how they are
// delivered: without the line breaks between tokens, else byte for byte.
var verbatim = [][2]string{
	{`null`, `null`},
	{`""`, `""`},
	{` {"a" :	1 } `, `{"a" :	1 }`},
	{"{\n\"a\":\r\n[1,\r2]\n}", `{"a":[1,2]}`},
	{"\"\u2028\u2029\"", "\"\u2028\u2029\""},
	{`"<script>&amp;</script>"`, `"<script>&amp;</script>"`},
	{`"\u003c\/\u0026\ud83d"`, `"\u003c\/\u0026\ud83d"`},
	{`[1e400,-0,1E-999,123456789012345678901234567890,1.10]`, `[1e400,-0,1E-999,123456789012345678901234567890,1.10]`},
	{`{"a":1,"a":2,"":[]}`, `{"a":1,"a":2,"":[]}`},
	{`"\r\n\u0000\n\ndata: x"`, `"\r\n\u0000\n\ndata: x"`},
	{strings.Repeat("[", 512) + strings.Repeat("]", 512), strings.Repeat("[", 512) + strings.Repeat("]", 512)},
	{`"` + strings.Repeat("x", 1<<20-2) + `"`, `"` + strings.Repeat("x", 1<<20-2) + `"`},
	{`"` + strings.Repeat("y", 40<<10) + `"`, `"` + strings.Repeat("y", 40<<10) + `"`},
}

func TestPayloadsAreDeliveredByteForByte(t *testing.T) {
	router, err := tidings.NewRouter(tidings.Stream{Name: "mine", Channels: []tidings.Channel{tidings.System}})
	if err != nil {
		t.Fatal(err)
	}
	a := serveHub(t, newHub(t, nil, &tidings.Options{Router: router}), nil)
	live, feed := a.follow("/v1/stream/mine?user=alice"), a.follow("/v1/stream/feed")
	contexts := a.follow("/v1/stream/contexts?user=alice&names=type")
	live.expect("at 0")
	feed.expect("at 0")
	contexts.expect("0 CONTEXTS_SNAPSHOT " + noContexts)
	for i, p := range verbatim {
		if i%2 == 0 {
			a.post("/v1/publish/system?type=T&session=s&user=alice", p[0]).ok(t)
		} else {
			a.post("/v1/events", `{"data":`+p[0]+`,"type":"T","session":"s","user":"alice","channel":"system"}`).ok(t)
		}
		live.expect(fmt.Sprintf("%d %s", i+1, p[1]))
		contexts.expect(fmt.Sprintf(`%d T {"protocol":"system","event":%s,"session":"s"}`, i+1, p[1]))
		if got, want := feed.show(), `"data":`+p[1]+`}`; !strings.HasSuffix(got, want) {
			t.Errorf("feed: got %.200s, want %.200s", got, want)
		}
	}
	a.checkFeed()
}

// checkFeed compares the snapshot with what was published, and reads it all
// again from the start.
func (a *api) checkFeed() {
	a.t.Helper()
	again := a.follow("/v1/stream/mine?user=alice&from=start")
	got := payloads(a.t, a.get("/v1/feed?user=alice").ok(a.t))
	for i, p := range verbatim {
		if got[i] != strings.TrimSpace(p[1]) {
			a.t.Errorf("got %.100s, want %.100s", got[i], p[1])
		}
		again.expect(fmt.Sprintf("%d %s", i+1, p[1]))
	}
}

func TestPayloadsThatCannotBe(t *testing.T) {
	a := serve(t, nil)
	for _, tt := range []struct {
		payload string
		status  int
		problem string
	}{
		{`"` + strings.Repeat("x", 1<<20-1) + `"`, 413, wire.TooLarge},
		{strings.Repeat("[", 513) + strings.Repeat("]", 513), 400, wire.Invalid},
		{"\"\xff\"", 400, wire.Invalid},
		{`{"a":1}}`, 400, wire.Invalid},
		{`{"a":}`, 400, wire.Invalid},
		{`{"a":tru}`, 400, wire.Invalid},
		{`NaN`, 400, wire.Invalid},
		{`01`, 400, wire.Invalid},
		{"\"\n\"", 400, wire.Invalid},
		{`'a'`, 400, wire.Invalid},
		{``, 400, wire.Invalid},
		{"\ufeff1", 400, wire.Invalid},
		{"1\x00", 400, wire.Invalid},
	} {
		a.post("/v1/publish/system?user=alice", tt.payload).is(t, tt.status, tt.problem)
		a.post("/v1/events", `{"user":"alice","channel":"system","data":`+tt.payload+`}`).is(t, tt.status, tt.problem)
	}
	if n := a.hub.Stats().Published; n != 0 {
		t.Errorf("%d events were published", n)
	}
}

func TestLimitsOfABatch(t *testing.T) {
	a := serve(t, nil)
	line := "1\n"
	a.postLines("/v1/publish/system?user=alice", strings.Repeat(line, 1000)).ok(t)
	a.postLines("/v1/publish/system?user=alice", strings.Repeat(line, 1001)).is(t, 413, wire.TooLarge)
	mega := `"` + strings.Repeat("x", 1<<20-2) + `"` + "\n"
	a.postLines("/v1/publish/system?user=alice", strings.Repeat(mega, 8)).ok(t)
	a.postLines("/v1/publish/system?user=alice", strings.Repeat(mega, 8)+line).is(t, 413, wire.TooLarge)
	a.postLines("/v1/publish/system?user=alice", strings.Repeat(mega, 12)).is(t, 413, wire.TooLarge)
	if n := a.hub.Stats().Published; n != 1008 {
		t.Errorf("%d events were published, want 1008", n)
	}
}

// A body that ends before its length is refused, not published.
func TestBodyThatEndsEarly(t *testing.T) {
	a := serve(t, nil)
	w := newRecorder()
	r := a.request("POST", "/v1/publish/system?user=alice", "", "Content-Type: application/json")
	r.RemoteAddr = "127.0.0.1:1"
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`1`), broken{}))
	if a.h.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if n := a.hub.Stats().Published; n != 0 {
		t.Errorf("%d events were published", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
