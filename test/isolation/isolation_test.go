package isolation_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

var (
	seed   = flag.Uint64("seed", 0, "what chance begins with; 0 is another one each time")
	rounds = flag.Int("rounds", 400, "how much is tried on each path")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever somebody asks for, with whatever token, ticket or position, on whichever
// server and path: he gets what he was granted, all of it and nothing else, or is
// refused with the status that says why.
func TestNobodyGetsWhatHeWasNotGranted(t *testing.T) {
	for name, delivery := range map[string]httpapi.Delivery{"by request": httpapi.ByRequest, "portable": httpapi.Portable, "raw": httpapi.Raw} {
		t.Run(name, func(t *testing.T) {
			chosen := cmp.Or(*seed, uint64(time.Now().UnixNano()))
			w := newWorld(t, delivery, chosen)
			counts := map[string]int{}
			for range *rounds {
				what, status := w.try()
				counts[fmt.Sprint(what, " ", status)]++
				if t.Failed() {
					t.Fatalf("repeat with -seed %d", chosen)
				}
			}
			t.Log(counts)
			for _, often := range []string{"stream 200", "stream 403", "stream 401", "ticket 200", "ticket 401", "ticket 403", "snapshot 200", "snapshot 403", "publish 200", "publish 403"} {
				if counts[often] == 0 {
					t.Errorf("%s never happened (seed %d)", often, chosen)
				}
			}
		})
	}
}

// try has somebody do something.
func (w *world) try() (what string, status int) {
	p, wish := w.person(), w.wish()
	switch w.random.IntN(5) {
	case 0:
		return "snapshot", w.snapshot(p, wish)
	case 1:
		return "publish", w.post(p)
	case 2, 3:
		return "ticket", w.ticket(p, wish)
	}
	want, owner, everyone := p.mayRead(&wish)
	return "stream", w.stream(wish, want, owner, everyone, "Authorization", "Bearer "+p.token)
}

// mayRead says what the answer to a wish is, of whose events, as one who reads the
// documentation would.
func (p *person) mayRead(wish *wish) (status int, owner string, everyone bool) {
	admin := p.claims.Grants != nil && p.claims.Grants.Admin
	if !p.good {
		return 401, "", false
	}
	if wish.stream == tidings.FeedStream {
		switch {
		case wish.owner == "" && admin:
			return 200, "", true
		case wish.owner == "":
			return 403, "", false
		case admin:
			return 200, wish.owner, false
		}
	}
	if owner = cmp.Or(wish.owner, p.own()); owner == "" {
		return 400, "", false
	}
	asked := wish.sessions
	if len(asked) == 0 { // all of them
		asked = []string{""}
	}
	for _, session := range asked {
		if !slices.ContainsFunc(p.subscribe(), func(g auth.Grant) bool {
			return p.owns(g, owner) && (g.Streams == nil || slices.Contains(g.Streams, wish.stream)) && (g.Sessions == nil || slices.Contains(g.Sessions, session))
		}) {
			return 403, "", false
		}
	}
	return 200, owner, false
}

// subscribe returns what a person may read.
func (p *person) subscribe() []auth.Grant {
	if p.claims.Grants == nil {
		return []auth.Grant{{}}
	}
	return p.claims.Grants.Subscribe
}

// writes returns where a person may publish.
func (p *person) writes() []auth.Grant {
	if p.claims.Grants == nil {
		return []auth.Grant{{}}
	}
	return p.claims.Grants.Publish
}

// owns reports whether a grant is of an owner.
func (p *person) owns(g auth.Grant, owner string) bool {
	if g.Owners == nil {
		return owner == p.claims.Subject
	}
	return slices.Contains(g.Owners, owner) || slices.Contains(g.Owners, auth.Everyone)
}

// own returns who is meant where nobody is named: the subject, if he is granted
// anything of his own, or else the only one who is.
func (p *person) own() string {
	named := map[string]bool{}
	for _, g := range slices.Concat(p.subscribe(), p.writes()) {
		if p.owns(g, p.claims.Subject) {
			return p.claims.Subject
		}
		for _, owner := range g.Owners {
			named[owner] = true
		}
	}
	for owner := range named {
		if len(named) == 1 {
			return owner
		}
	}
	return ""
}

// query returns the address of a wish.
func (s *wish) query() url.Values {
	q := url.Values{"session": s.sessions}
	if s.owner != "" {
		q.Set("user", s.owner)
	}
	return q
}

// stream asks for a stream, and reads what there is of it. If it may be had, it
// has to have exactly what it should.
func (w *world) stream(s wish, want int, owner string, everyone bool, header, value string) int {
	if s.stream == "contexts" && s.after.Seq() < w.purged[owner].Seq() {
		s.after = tidings.ID{} // it would begin anew, with a snapshot in place of events
	}
	q := s.query()
	if header == "ticket" {
		q.Set("ticket", value)
		header, value = "X-Nothing", "x"
	}
	if s.after.IsZero() {
		q.Set("from", "start")
	} else {
		q.Set("after", s.after.String())
	}
	resp := w.ask(http.MethodGet, wire.StreamPath+s.stream+"?"+q.Encode(), "", header, value)
	defer resp.Body.Close()
	if resp.StatusCode != want {
		w.t.Errorf("%+v: got %s, want %d", s, resp.Status, want)
	}
	if resp.StatusCode != 200 {
		w.silent(resp.Body)
		return resp.StatusCode
	}
	numbers := w.of(&s, owner, everyone)
	w.receives(resp.Body, &s, numbers)
	if len(numbers) > 0 { // and what comes next is his too
		w.publish(pick(w, owners), pick(w, channels), pick(w, sessions))
		last := w.events[numbers[len(numbers)-1]]
		w.publish(last.User, last.Channel, last.Session)
		w.receives(resp.Body, &s, w.of(&s, owner, everyone)[len(numbers):])
	}
	return resp.StatusCode
}

// numbered finds an event in what was received.
var numbered = regexp.MustCompile(`\{"n":(\d+),"w":"(secret-[0-9a-f]{16})"\}`)

// receives reads a stream until it had so many events, which have to be these.
func (w *world) receives(body io.Reader, s *wish, want []int) {
	w.t.Helper()
	var all []byte
	buffer := make([]byte, 64<<10)
	got := numbered.FindAllSubmatch(all, -1)
	for len(got) < len(want) {
		n, err := body.Read(buffer)
		if all = append(all, buffer[:n]...); err != nil {
			w.t.Errorf("%+v: the stream ends after %d of %d events: %v", s, len(got), len(want), err)
			return
		}
		got = numbered.FindAllSubmatch(all, -1)
	}
	w.only(all, want)
}

// only reports what is said besides some events, or out of order.
func (w *world) only(said []byte, want []int) {
	w.t.Helper()
	var got []int
	for _, m := range numbered.FindAllSubmatch(said, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		if w.events[n].secret != string(m[2]) {
			w.t.Errorf("event %d is not as it was published", n)
		}
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("got the events %v, want %v", got, want)
	}
	if bytes.Count(said, []byte("secret-")) != len(got) {
		w.t.Errorf("there is more of events than events: %s", said)
	}
}

// silent reports what a refusal tells of events.
func (w *world) silent(body io.Reader) {
	w.t.Helper()
	text, err := io.ReadAll(body)
	if err != nil || bytes.Contains(text, []byte("secret-")) {
		w.t.Errorf("%v: a refusal tells %s", err, text)
	}
}

// snapshot asks for a snapshot, which has to have exactly what it should.
func (w *world) snapshot(p person, s wish) int {
	s.after = tidings.ID{}
	q := s.query()
	q.Set("limit", "5000")
	if s.stream != tidings.FeedStream || w.chance(2) {
		q.Set("stream", s.stream)
	}
	want, owner, everyone := p.mayRead(&s)
	if admin := p.claims.Grants != nil && p.claims.Grants.Admin; p.good && admin { // whichever stream
		want, owner, everyone = 200, s.owner, s.owner == ""
	} else if p.good && s.stream == tidings.FeedStream && s.owner == "" { // his own
		s.owner = p.own()
		if want, owner, everyone = p.mayRead(&s); s.owner == "" {
			want = 400
		}
	}
	resp := w.ask(http.MethodGet, wire.FeedPath+"?"+q.Encode(), "", "Authorization", "Bearer "+p.token)
	defer resp.Body.Close()
	if resp.StatusCode != want {
		w.t.Errorf("%+v of %+v: got %s, want %d", s, p.claims, resp.Status, want)
	}
	if resp.StatusCode != 200 {
		w.silent(resp.Body)
		return resp.StatusCode
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Error(err)
	}
	w.only(text, w.of(&s, owner, everyone))
	return 200
}

// post has somebody publish.
func (w *world) post(p person) int {
	owner, channel, session := pick(w, append(owners, "")), pick(w, channels), pick(w, sessions)
	if channel == tidings.AGUI || channel == tidings.A2A {
		session = cmp.Or(session, "s1") // which the payload does not say
	}
	before := w.hubs[0].Stats().Published + w.hubs[1].Stats().Published
	body, _ := json.Marshal(map[string]any{"user": owner, "channel": channel, "session": session, "type": "T", "data": json.RawMessage(`{"n":0}`)})
	resp := w.ask(http.MethodPost, wire.EventsPath, string(body), "Authorization", "Bearer "+p.token)
	defer resp.Body.Close()
	want := p.mayPublish(owner, channel, session)
	if resp.StatusCode != want {
		w.t.Errorf("%s of %+v: got %s, want %d", body, p.claims, resp.Status, want)
	}
	w.silent(resp.Body)
	published := w.hubs[0].Stats().Published + w.hubs[1].Stats().Published - before
	if published != 0 != (resp.StatusCode == 200) {
		w.t.Errorf("%s: %d events were published", resp.Status, published)
	}
	if published > 0 { // the world does not know it: it is gone from here on
		w.forget(cmp.Or(owner, p.own()))
	}
	return resp.StatusCode
}

// forget purges an owner, and what the world knows of him.
func (w *world) forget(owner string) {
	id, err := w.hubs[0].Purge(w.t.Context(), owner)
	if err != nil {
		w.t.Fatal(err)
	}
	w.purged[owner] = id
	for _, hub := range w.hubs {
		if _, err := hub.Synced(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	for i := range w.events {
		if w.events[i].User == owner {
			w.events[i].User, w.events[i].Channel = "", "" // numbers stay
		}
	}
}

// mayPublish says what the answer to a publication is.
func (p *person) mayPublish(owner string, channel tidings.Channel, session string) int {
	if !p.good {
		return 401
	}
	if owner = cmp.Or(owner, p.own()); owner == "" {
		return 400
	}
	if slices.ContainsFunc(p.writes(), func(g auth.Grant) bool {
		return p.owns(g, owner) && (g.Channels == nil || slices.Contains(g.Channels, string(channel))) && (g.Sessions == nil || slices.Contains(g.Sessions, session))
	}) {
		return 200
	}
	return 403
}

// ticket has somebody get a ticket, and somebody use it: as it is, for something
// else, or again.
func (w *world) ticket(p person, s wish) int {
	body, _ := json.Marshal(wire.TicketRequest{Stream: s.stream, User: s.owner, Sessions: s.sessions})
	resp := w.ask(http.MethodPost, wire.TicketsPath, string(body), "Authorization", "Bearer "+p.token)
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	want, owner, everyone := p.mayRead(&s)
	if resp.StatusCode != want || err != nil {
		w.t.Errorf("%s of %+v: got %s, want %d", body, p.claims, resp.Status, want)
	}
	if resp.StatusCode != 200 {
		w.silent(bytes.NewReader(text))
		return resp.StatusCode
	}
	var got wire.TicketAnswer
	if err := json.Unmarshal(text, &got); err != nil {
		w.t.Fatal(err)
	}
	if w.chance(2) {
		return w.swap(s, got.Ticket, owner, everyone)
	}
	w.stream(s, 200, owner, everyone, "ticket", got.Ticket)
	if w.chance(2) {
		return w.stream(s, 401, "", false, "ticket", got.Ticket)
	}
	return 200
}

// swap uses a ticket for something else: a part of what it is for can be had, and
// nothing that is no part of it.
func (w *world) swap(s wish, ticket, owner string, everyone bool) int {
	other := w.wish()
	inside := other.stream == s.stream && (other.owner == "" || other.owner == owner && !everyone)
	if len(other.sessions) == 0 {
		other.sessions = nil
	}
	for _, session := range other.sessions {
		inside = inside && (len(s.sessions) == 0 || slices.Contains(s.sessions, session))
	}
	if !inside {
		return w.stream(other, 403, "", false, "ticket", ticket)
	}
	asked := other
	if len(other.sessions) == 0 { // what it does not name is the ticket's
		asked.sessions = s.sessions
	}
	return w.stream(asked, 200, owner, everyone, "ticket", ticket)
}

// ask asks one of the servers.
func (w *world) ask(method, path, body, header, value string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, pick(w, w.urls)+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set(header, value)
	if body != "" {
		req.Header.Set("Content-Type", wire.JSONType)
	}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
