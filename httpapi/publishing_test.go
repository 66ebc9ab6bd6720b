package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A talk is a request that stays open.
type talk struct {
	t    testing.TB
	pipe *io.PipeWriter
	res  *http.Response
	in   *bufio.Reader
}

// talk opens a request, and waits for the header of its answer.
func (a *api) talk(path string, headers ...string) *talk {
	a.t.Helper()
	body, pipe := io.Pipe()
	req := a.request("POST", path, "", append([]string{"Content-Type: " + wire.NDJSONType, "Accept: " + wire.NDJSONType}, headers...)...)
	req.Body, req.GetBody, req.ContentLength = body, nil, -1
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != wire.NDJSONType {
		a.t.Fatalf("%s: got %d %v", path, res.StatusCode, res.Header)
	}
	k := &talk{a.t, pipe, res, bufio.NewReader(res.Body)}
	a.t.Cleanup(k.vanish)
	return k
}

// say sends a part of the body at once.
func (k *talk) say(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.pipe, text); err != nil {
		k.t.Fatal(err)
	}
}

// hear returns the next line of the answer, or how it ended. Of a problem it
// returns the line, the name and the detail.
func (k *talk) hear() string {
	text, err := k.in.ReadString('\n')
	switch {
	case err == io.EOF && text == "":
		return "end"
	case err != nil:
		return "error"
	}
	return answered(k.t, text)
}

func answered(t testing.TB, text string) string {
	t.Helper()
	var got struct {
		wire.Receipt
		wire.Problem
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Errorf("%v: %q", err, text)
	}
	if got.Type != "" {
		return fmt.Sprintf("%d %s: %s", got.Line, strings.TrimPrefix(got.Type, wire.ProblemBase), got.Detail)
	}
	if again, _ := json.Marshal(got.Receipt); string(again)+"\n" != text {
		t.Errorf("got %q, want it written %q", text, again)
	}
	if got.Duplicate {
		return seq(got.ID) + " again"
	}
	return seq(got.ID)
}

func (k *talk) expect(want ...string) {
	k.t.Helper()
	for _, w := range want {
		if got := k.hear(); got != w {
			k.t.Fatalf("got %s\nwant %s", got, w)
		}
	}
}

// vanish cuts the connection.
func (k *talk) vanish() {
	k.pipe.CloseWithError(errors.New("vanished"))
	k.res.Body.Close()
}

// overHTTP1And2 runs a test over sockets of HTTP/1.1 and of HTTP/2.
func overHTTP1And2(t *testing.T, opts *httpapi.Options, test func(*testing.T, *api)) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) { test(t, serveProtocol(t, newHub(t, nil, nil), protocol, opts)) })
	}
}

func serveProtocol(t *testing.T, hub *tidings.Hub, protocol string, opts *httpapi.Options) *api {
	h := httpapi.New(hub, opts)
	server := httptest.NewUnstartedServer(h)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(protocol == "HTTP/1.1")
	protocols.SetUnencryptedHTTP2(protocol == "HTTP/2.0")
	server.Config.Protocols = protocols
	server.Start()
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		h.Drain(canceled())
		server.CloseClientConnections()
		server.Close()
	})
	return &api{t, hub, h, server.URL, &http.Client{Transport: transport}}
}

func TestTokensAreAnsweredOneByOne(t *testing.T) {
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		k := a.talk("/v1/publish/agui?user=u", "Traceparent: "+traceparent)
		k.say(`{"type":"RUN_STARTED","threadId":"t"}` + "\n")
		k.expect("1")
		for i := range 50 {
			k.say(fmt.Sprintf(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"%d"}`+"\n", i))
			k.expect(fmt.Sprint(i + 2))
		}
		k.say("\n \r\n" + `{"type":"RUN_FINISHED"}`) // the end of the body ends a line
		k.pipe.Close()
		k.expect("52", "end")
		got := a.kept("u")
		if lines := strings.Split(got, "\n"); len(lines) != 52 || lines[51] != `agui/t/RUN_FINISHED/`+traceparent+`={"type":"RUN_FINISHED"}` {
			t.Errorf("got %s", got)
		}
	})
}

func TestLinesOfEventsAreAnsweredOneByOne(t *testing.T) {
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		k := a.talk("/v1/events")
		k.say(`{"user":"u","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t1"}}` + "\n")
		k.expect("1")
		k.say(`{"user":"v","channel":"agui","data":{"type":"RUN_STARTED","threadId":"t2"}}` + "\n")
		k.expect("2")
		k.say(`{"user":"u","channel":"agui","key":"k","data":{"type":"STEP_STARTED"}}` + "\n")
		k.say(`{"user":"u","channel":"agui","key":"k","data":{"type":"STEP_STARTED"}}` + "\n")
		k.expect("3", "3 again")
		k.pipe.Close()
		k.expect("end")
		if got, want := a.kept("u"), "agui/t1/RUN_STARTED/={\"type\":\"RUN_STARTED\",\"threadId\":\"t1\"}\nagui/t1/STEP_STARTED/={\"type\":\"STEP_STARTED\"}"; got != want {
			t.Errorf("got %s", got)
		}
	})
}

// A refused line changes nothing: neither what is kept of its neighbours nor what
// they inherit.
func TestRefusedLinesLeaveTheOthersAlone(t *testing.T) {
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	lines := []struct{ text, want string }{
		{`{"type":"RUN_STARTED","threadId":"t"}`, "1"},
		{`{"type":"STEP_STARTED","n":1}`, "2"},
		{`nonsense`, `3 invalid: agui: invalid event: found`},
		{`{"type":"STEP_STARTED","n":2,"deep":` + deep + `}`, `4 invalid: invalid data: want JSON nested`},
		{`{"type":"STEP_STARTED","n":3}`, "3"},
		{`{"type":"RUN_STARTED","threadId":"other","deep":` + deep + `}`, `6 invalid: invalid data: want JSON nested`},
		{`{"type":"RUN_STARTED","threadId":" no name"}`, `7 invalid: invalid session " no name": want`},
		{`{"type":"RUN_STARTED"}`, `8 session-missing: `},
		{`{"type":"RUN_FINISHED","deep":` + deep + `}`, `9 invalid: invalid data: want JSON nested`},
		{`{"type":"STEP_STARTED","n":4}`, "4"},
		{`{"type":"` + strings.Repeat("x", 200) + `","n":5}`, `11 too-large: invalid type`},
		{`{"type":"STEP_STARTED","n":6}`, "5"},
	}
	overHTTP1And2(t, nil, func(t *testing.T, a *api) {
		for _, together := range []bool{true, false} {
			first := int(a.hub.Stats().Published)
			k := a.talk("/v1/publish/agui?user=u")
			if together {
				var all strings.Builder
				for _, line := range lines {
					all.WriteString(line.text + "\n")
				}
				k.say(all.String())
			}
			for _, line := range lines {
				if !together {
					k.say(line.text + "\n")
				}
				got := k.hear()
				if id, err := fmt.Sscan(line.want, new(int)); id == 1 && err == nil && !strings.Contains(line.want, ":") {
					var n int
					fmt.Sscan(line.want, &n)
					if got != fmt.Sprint(first+n) {
						t.Errorf("%.60s: got %s, want %d", line.text, got, first+n)
					}
				} else if !strings.HasPrefix(got, line.want) {
					t.Errorf("%.60s: got %s, want %s", line.text, got, line.want)
				}
			}
			k.pipe.Close()
			k.expect("end")
		}
		kept := strings.Split(a.kept("u"), "\n")
		if len(kept) != 10 {
			t.Fatalf("got %d events", len(kept))
		}
		for i, n := range []string{"1", "3", "4", "6"} {
			want := `agui/t/STEP_STARTED/={"type":"STEP_STARTED","n":` + n + `}`
			if kept[i+1] != want || kept[i+6] != want {
				t.Errorf("got %s and %s, want %s", kept[i+1], kept[i+6], want)
			}
		}
	})
}

// A countingLog counts appends.
type countingLog struct {
	tidings.Log
	appends chan int
}

func (l *countingLog) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	l.appends <- len(events)
	return l.Log.Append(ctx, events)
}

func TestLinesThatHaveComeShareAnAppend(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		memory := tidings.NewMemoryLog(nil)
		defer memory.Close()
		log := &countingLog{memory, make(chan int, 1000)}
		a := serveProtocol(t, newHub(t, log, nil), protocol, nil)
		k := a.talk("/v1/publish/system?user=u")
		var burst strings.Builder
		for i := range 100 {
			fmt.Fprintf(&burst, "{\"n\":%d,\"x\":\"%s\"}\n", i, strings.Repeat("x", 180))
		}
		k.say(burst.String())
		for i := range 100 {
			k.expect(fmt.Sprint(i + 1))
		}
		if n := len(log.appends); n > 8 {
			t.Errorf("%s: %d appends for a burst of 100", protocol, n)
		}
		for i, event := range strings.Split(a.kept("u"), "\n") {
			if want := fmt.Sprintf(`system///={"n":%d,`, i); !strings.HasPrefix(event, want) {
				t.Fatalf("event %d is %s", i, event)
			}
		}
		k.vanish()
	}
}

// raw opens a connection and says what stands before a body in chunks.
func (a *api) raw(t *testing.T, path string, headers ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n", path)
	for _, h := range headers {
		fmt.Fprintf(c, "%s\r\n", h)
	}
	io.WriteString(c, "\r\n")
	return c, bufio.NewReader(c)
}

// Neither chunks nor segments say where lines end.
func TestLinesMaySplitAnywhere(t *testing.T) {
	a := serve(t, nil)
	text := "{\"n\":1}\r\n\n{\"s\":\"é€😀\"}\n7\n"
	chunks := func(size int) (all string) {
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			all += fmt.Sprintf("%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		return all + "0\r\n\r\n"
	}
	for size := 1; size <= len(text); size++ {
		for _, segment := range []int{1, 3, 7, 1000} {
			c, in := a.raw(t, "/v1/publish/system?user=u")
			for rest := chunks(size); rest != ""; {
				n := min(segment, len(rest))
				if _, err := io.WriteString(c, rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if n := strings.Count(string(body), `"duplicate":false`); err != nil || n != 3 {
				t.Fatalf("chunks of %d in segments of %d: %v %s", size, segment, err, body)
			}
			c.Close()
		}
	}
	kept := strings.Split(a.kept("u"), "\n")
	for i, event := range kept {
		if want := "system///=" + []string{`{"n":1}`, `{"s":"é€😀"}`, `7`}[i%3]; event != want {
			t.Fatalf("event %d is %s", i, event)
		}
	}
}

// curl asks whether it may send a body of unknown length, and waits for that.
func TestWhoExpectsAContinueGetsItBeforeTheHeader(t *testing.T) {
	a := serve(t, nil)
	c, in := a.raw(t, "/v1/publish/system?user=u", "Expect: 100-continue")
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n"} {
		if got, err := in.ReadString('\n'); got != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	io.WriteString(c, "2\r\n1\n\r\n0\r\n\r\n")
	rest, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(rest), `"duplicate":false`) {
		t.Errorf("got %q, %v", rest, err)
	}
}
