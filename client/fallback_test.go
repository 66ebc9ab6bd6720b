package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// hosts are servers of one log, each with its script. It writes down whom it
// asked.
type hosts struct {
	scripts map[string]*recorder
	asked   []string
}

func (h *hosts) RoundTrip(req *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, req.URL.Host)
	if req.Body == nil {
		req.Body = http.NoBody
	}
	r := h.scripts[req.URL.Host]
	if r == nil {
		return nil, errors.New("connection refused")
	}
	return r.RoundTrip(req)
}

// on returns what a server answers, one after the other.
func on(answers ...func(context.Context) *http.Response) *recorder {
	return &recorder{script: script{answers: answers}}
}

// client returns a client of the servers a, b and c, or as many as there are
// names, that writes down its waits in seconds.
func (h *hosts) client(t *testing.T, waits *[]string, names ...string) *client.Client {
	t.Helper()
	c, err := client.New("http://"+names[0], &client.Options{
		HTTPClient: &http.Client{Transport: h},
		Fallbacks:  addresses(names[1:]),
		Hooks: client.Hooks{Retrying: func(_ error, wait time.Duration) {
			*waits = append(*waits, fmt.Sprint(wait.Truncate(time.Second)))
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func addresses(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = "http://" + name
	}
	return all
}

// sequence follows and returns the events' numbers, notices and the last error.
func sequence(t *testing.T, c *client.Client, s client.Stream) string {
	t.Helper()
	var b strings.Builder
	for e, err := range c.Follow(t.Context(), s) {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			fmt.Fprint(&b, "lost ", lost.After.Seq(), " ")
			continue
		}
		if err != nil {
			return b.String() + err.Error()
		}
		fmt.Fprint(&b, e.ID.Seq(), " ")
	}
	return b.String()
}

// mute is a server that takes the connection and says nothing.
func mute(ctx context.Context) *http.Response {
	<-ctx.Done()
	return answer(503, "", "")(ctx)
}

const page = "<html>Welcome</html>"

func TestTheNextServerIsAskedAtOnce(t *testing.T) {
	for name, first := range map[string]func(context.Context) *http.Response{
		"refused":     nil,
		"500":         answer(500, "", ""),
		"501":         answer(501, "", ""),
		"502 page":    answer(502, "Content-Type: text/html", page),
		"503":         answer(503, "Retry-After: 60", ""),
		"429":         answer(429, "Retry-After: 60", ""),
		"408":         answer(408, "", ""),
		"page":        answer(200, "Content-Type: text/html", page),
		"redirection": answer(302, "", ""),
		"other frame": stream(figure),
		"silence":     silent(),
		"mute":        mute,
	} {
		synctest.Test(t, func(t *testing.T) {
			var waits []string
			h := &hosts{scripts: map[string]*recorder{"a": on(first), "b": on(stream(frame(1), frame(2)))}}
			c := h.client(t, &waits, "a", "b")
			check(t, name, sequence(t, c, client.Stream{Name: "agui"}), "1 2")
			check(t, name+": waits", strings.Join(waits, " "), "0s 1s")
			check(t, name+": asked", strings.Join(h.asked, " "), "a b b")
		})
	}
}

func TestAServerThatWorksIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{"b": on(stream(frame(1)), stream(frame(2)), answer(204, "", ""), ok(202), stream(frame(3)))}}
		c := h.client(t, &waits, "a", "b", "c")
		check(t, "seen", sequence(t, c, client.Stream{Name: "agui"}), "1 2")
		if _, err := c.Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")}); err != nil {
			t.Error(err)
		}
		check(t, "seen", sequence(t, c, client.Stream{Name: "agui"}), "3")
		check(t, "asked", strings.Join(h.asked, " "), "a b b b b b b")
		check(t, "positions", presented(h.scripts["b"].asked[:3]), "none 1-1 1-2")
	})
}

// A server whose streams end before anything came is left, but not at once: it
// may have ended them in order to spread those who return.
func TestAServerWhoseStreamsAreEmptyIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{
			"a": on(stream(frame(1)), stream(position(1, 1)), stream()), "b": on(stream(frame(2))),
		}}
		check(t, "seen", sequence(t, h.client(t, &waits, "a", "b"), client.Stream{Name: "agui"}), "1 2")
		check(t, "asked", strings.Join(h.asked, " "), "a a b b")
		if waits[0] != "1s" || waits[1] == "0s" {
			t.Errorf("waits %v", waits)
		}
	})
}

func TestBackoffBeginsWhenEachServerWasTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{
			"a": on(nil, answer(500, "", ""), nil, stream(frame(1))), "b": on(nil, nil, answer(503, "", "")), "c": on(nil, answer(502, "", page), nil),
		}}
		check(t, "seen", sequence(t, h.client(t, &waits, "a", "b", "c"), client.Stream{Name: "agui"}), "1")
		check(t, "asked", strings.Join(h.asked, ""), "abcabcabcaa")
		for i, wait := range waits {
			if (wait == "0s") != (i < 9 && i%3 != 2) {
				t.Errorf("wait %d is %s of %v", i, wait, waits)
			}
		}
	})
}

func TestAServerIsLeftAloneAsLongAsItAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var waits []string
		h := &hosts{scripts: map[string]*recorder{"a": on(answer(503, "Retry-After: 100", ""), stream(frame(1)))}}
		check(t, "seen", sequence(t, h.client(t, &waits, "a", "b"), client.Stream{Name: "agui"}), "1")
		asked := strings.Join(h.asked, "")
		if took := time.Since(began); took < 100*time.Second || took > 3*time.Minute {
			t.Errorf("took %v, want 100 s and somewhat more", took)
		}
		if !strings.HasPrefix(asked, "abbbb") || !strings.HasSuffix(asked, "baa") || strings.Count(asked, "a") != 3 {
			t.Errorf("asked %s, want b alone until a may be asked again", asked)
		}
	})
}

func TestOneAnswerEndsItForAllServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{400, 401, 403, 404, 406, 413} {
			var waits []string
			h := &hosts{scripts: map[string]*recorder{"a": on(answer(status, "", "no")), "b": on(stream(frame(1)))}}
			got := sequence(t, h.client(t, &waits, "a", "b"), client.Stream{Name: "agui"})
			check(t, "seen", got, fmt.Sprintf("http://a: server answered %d: no", status))
			check(t, "asked", strings.Join(h.asked, " "), "a")
		}
	})
}

// What is no Tidings server may become one, as long as another is only down.
func TestStrangeAnswersEndItWhenEveryServerGivesThem(t *testing.T) {
	strange := answer(200, "Content-Type: text/html", page)
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{"a": on(strange, strange), "b": on(nil, strange)}}
		got := sequence(t, h.client(t, &waits, "a", "b"), client.Stream{Name: "agui"})
		if want := "http://b: read the answer"; !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
		check(t, "asked", strings.Join(h.asked, " "), "a b a b")
	})
}

// What one server garbles is had from the next, and not passed by.
func TestAGarbledEventIsHadFromTheNextServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		garbled := "data: {\"protocol\":\"agui\"\nid: 1-2\n\n"
		h := &hosts{scripts: map[string]*recorder{
			"a": on(stream(change(1, 1), garbled, change(1, 3))), "b": on(stream(change(1, 2), change(1, 3))),
		}}
		check(t, "seen", sequence(t, h.client(t, &waits, "a", "b"), client.Stream{Name: "contexts"}), "1 2 3")
		check(t, "asked", strings.Join(h.asked, " "), "a b b")
		check(t, "presented", presented(h.scripts["b"].asked), "1-1 1-3")
	})
}

func TestPublishingKeepsItsKeysAtTheNextServer(t *testing.T) {
	for name, first := range map[string]func(context.Context) *http.Response{
		"refused": nil, "unknown": answer(503, "", ""), "page": answer(200, "Content-Type: text/html", page), "mute": mute,
	} {
		synctest.Test(t, func(t *testing.T) {
			var waits []string
			h := &hosts{scripts: map[string]*recorder{"a": on(first), "b": on(ok(202))}}
			began := time.Now()
			_, err := h.client(t, &waits, "a", "b").Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			check(t, name+": waits", strings.Join(waits, " "), "0s")
			check(t, name+": body", h.scripts["b"].bodies[0], h.scripts["a"].bodies[0])
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
}

func TestPublishingStaysWithTheServerThatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{"b": on(ok(202), ok(202), ok(202))}}
		c := h.client(t, &waits, "a", "b", "c")
		for range 3 {
			if _, err := c.Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")}); err != nil {
				t.Error(err)
			}
		}
		check(t, "asked", strings.Join(h.asked, " "), "a b b b")
	})
}

// Patience is shared out: no silent server takes the time of the others.
func TestPublishingAsksEveryServerWithinItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []string
		h := &hosts{scripts: map[string]*recorder{"a": on(mute), "b": on(mute), "c": on(mute), "d": on(ok(202))}}
		c := h.client(t, &waits, "a", "b", "c", "d")
		if _, err := c.Publish(t.Context(), tidings.Event{Channel: "agui", Data: []byte("1")}); err != nil {
			t.Error(err)
		}
	})
}

func TestNewRefusesFallbacksThatAreNoAddresses(t *testing.T) {
	_, err := client.New("http://a", &client.Options{Fallbacks: []string{"http://b", "c:80"}})
	if err == nil || !strings.Contains(err.Error(), `"c:80"`) {
		t.Errorf("got %v", err)
	}
}
