package httpapi_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
)

// logging returns a logger for these lines, without their times.
func logging(l *lines, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestARefusedRequestHasOneLine(t *testing.T) {
	var logged lines
	o := browsers()
	o.Logger = logging(&logged, slog.LevelInfo)
	broken := errors.New("the keys cannot be had: password=hush")
	inner := o.Authenticate
	o.Authenticate = func(r *http.Request) (httpapi.Access, error) {
		if r.Header.Get("Authorization") == "Bearer broken" {
			return httpapi.Access{}, broken
		}
		a, err := inner(r)
		if a.Subject != "" {
			a.Subject = strings.Repeat("alice", 100)
		}
		return a, err
	}
	a := serve(t, o)
	const from = " address=127.0.0.1\n"
	subject := strings.Repeat("alice", 16) + "…"
	table := []struct {
		got  answer
		want string
	}{
		{a.get("/v1/stream/agui"), `level=INFO msg="request refused" method=GET route=/v1/stream/{stream} status=401 problem=unauthorized subject=""`},
		{a.get("/v1/stream/s3cret?token=s3cret", asAlice), `level=INFO msg="request refused" method=GET route=/v1/stream/{stream} status=400 problem=invalid subject=` + subject},
		{a.get("/v1/sessions/s3cret/feed?user=s3cret", asAlice), `level=INFO msg="request refused" method=GET route=/v1/sessions/{session}/feed status=403 problem=forbidden subject=` + subject},
		{a.post("/v1/publish/s3cret?key=s3cret", "s3cret", foreignPage), `level=INFO msg="request refused" method=POST route=/v1/publish/{channel} status=403 problem=forbidden subject=""`},
		{a.get("/v1//s3cret"), `level=INFO msg="request refused" method=GET route=none status=404 problem=not-found subject=""`},
		{a.do("S3CRET", "/v1/feed", ""), `level=INFO msg="request refused" method=other route=none status=405 problem=method-not-allowed subject=""`},
		{a.get("/v1/feed", "Authorization: Bearer broken"), `level=ERROR msg="request refused" method=GET route=/v1/feed status=500 problem=internal subject=""`},
	}
	said := logged.take()
	for _, tt := range table {
		got, rest, _ := strings.Cut(said, "\n")
		got, said = got+"\n", rest
		want := tt.want + from
		if strings.Contains(want, "status=500") {
			want = strings.TrimSuffix(want, "\n") + ` err="authenticate: the keys cannot be had: password=hush"` + "\n"
		}
		if got != want {
			t.Errorf("%d: got %s want %s", tt.got.status, got, want)
		}
	}
	a.get("/v1/feed", asAlice).ok(t)
	a.post("/v1/publish/system", "1", asAlice).ok(t)
	r := a.follow("/v1/stream/contexts", asAlice)
	r.show()
	a.publish("alice", "1", "2")
	r.show()
	if got := logged.take(); got != "" {
		t.Errorf("of what was not refused: %s", got)
	}
}

// take returns what was logged since the last time. What a request logs is there
// when it is answered.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// Of a flood each second has a few lines, and one for the others.
func TestAFloodOfRefusalsIsSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged lines
		hub := newHub(t, nil, nil)
		defer hub.Close()
		refused := map[string]int{}
		a := serveInMemory(t, hub, &httpapi.Options{
			Logger: logging(&logged, slog.LevelInfo), Hooks: httpapi.Hooks{Refused: func(problem string) { refused[problem]++ }},
		}, nil)
		flood := func(n int, path string) {
			for range n {
				a.get(path)
			}
		}
		seen := func(want ...string) {
			t.Helper()
			synctest.Wait()
			counts := map[string]int{}
			for line := range strings.Lines(logged.take()) {
				counts[summary.ReplaceAllString(strings.TrimSpace(line), "")]++
			}
			expected := map[string]int{}
			for _, w := range want {
				var n int
				var line string
				fmt.Sscanf(w, "%d", &n)
				_, line, _ = strings.Cut(w, " ")
				expected[line] = n
			}
			if fmt.Sprint(counts) != fmt.Sprint(expected) {
				t.Errorf("got %v\nwant %v", counts, expected)
			}
		}
		const notFound, missing = `msg="request refused" status=404 problem=not-found`, `msg="request refused" status=400 problem=user-missing`
		flood(5000, "/v1/nothing")
		flood(3, "/v1/stream/agui")
		seen("10 "+notFound, "3 "+missing)
		time.Sleep(time.Second - 1)
		seen()
		time.Sleep(time.Nanosecond)
		seen(`1 msg="more requests refused" status=404 problem=not-found requests=4990`)
		flood(11, "/v1/nothing")
		time.Sleep(500 * time.Millisecond)
		flood(5, "/v1/nothing")
		seen("10 " + notFound)
		time.Sleep(time.Minute)
		seen(`1 msg="more requests refused" status=404 problem=not-found requests=6`)
		flood(10, "/v1/nothing")
		time.Sleep(time.Minute)
		seen("10 " + notFound)
		if got := fmt.Sprint(refused); got != "map[not-found:5026 user-missing:3]" {
			t.Errorf("the hook was told of %s", got)
		}
	})
}

// summary is what the lines of a flood differ in.
var summary = regexp.MustCompile(`level=INFO | (method|route|subject|address)=\S*`)
