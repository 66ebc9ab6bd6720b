package tidings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

// table shows a router, a line for each stream.
func table(r *tidings.Router) string {
	var b strings.Builder
	for _, name := range r.Streams() {
		s, _ := r.Stream(name)
		fmt.Fprintln(&b, s.Name, s.Channels, s.Envelope)
	}
	return b.String()
}

func TestStreamTable(t *testing.T) {
	standard, err := tidings.NewRouter()
	if err != nil {
		t.Fatal(err)
	}
	want := "a2a [a2a] false\nagui [agui] false\nanalytics [analytics] false\ncontexts [agui a2a system] true\n"
	if got := table(standard); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for channel, want := range map[tidings.Channel]string{
		tidings.AGUI: "[agui contexts]", tidings.A2A: "[a2a contexts]", tidings.System: "[contexts]",
		tidings.Analytics: "[analytics]", "none": "[]",
	} {
		if got := fmt.Sprint(standard.Carriers(channel)); got != want {
			t.Errorf("%s goes to %s, want %s", channel, got, want)
		}
	}
}

func TestOwnStreams(t *testing.T) {
	r, err := tidings.NewRouter(
		tidings.Stream{Name: "audit", Channels: []tidings.Channel{"audit", tidings.System}},
		tidings.Stream{Name: "agui", Channels: []tidings.Channel{tidings.AGUI, "audit"}, Envelope: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.Carriers("audit")); got != "[agui audit]" {
		t.Errorf("audit goes to %s", got)
	}
	hub := newHub(t, nil, &tidings.Options{Router: r})
	publish(t, hub, tidings.Event{User: "u", Channel: "audit", Data: []byte("1")})
	stream, _ := r.Stream("audit")
	if got := readAll(t, subscribe(t, hub, stream.Of("u"), tidings.Oldest)); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestStreamsThatCannotBe(t *testing.T) {
	ok := []tidings.Channel{"x"}
	for _, s := range []tidings.Stream{
		{}, {Name: "x"}, {Name: "feed", Channels: ok}, {Name: "tidings.x", Channels: ok}, {Name: "A", Channels: ok},
		{Name: "a b", Channels: ok}, {Name: "a/b", Channels: ok}, {Name: strings.Repeat("x", 129), Channels: ok},
		{Name: "x", Channels: []tidings.Channel{""}}, {Name: "x", Channels: []tidings.Channel{"tidings.control"}},
	} {
		if _, err := tidings.NewRouter(s); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%+v: got error %v", s, err)
		}
	}
}

func TestReservedChannelsCannotBeSubscribed(t *testing.T) {
	hub := newHub(t, nil, nil)
	for _, sel := range []tidings.Selector{
		{Channels: []tidings.Channel{"tidings.control"}}, {User: "a\nb"}, {Sessions: []string{"a\nb"}}, {Types: []string{"a\nb"}},
		{Sessions: make([]string, 101)},
	} {
		if _, err := hub.Subscribe(sel, tidings.Live); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%+v: got error %v", sel, err)
		}
		if _, err := hub.Snapshot(t.Context(), sel, 0); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("snapshot of %+v: got error %v", sel, err)
		}
	}
}

func TestIsolation(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		var subs []*tidings.Subscription
		users := []string{"", "a", "b", "ab"}
		for _, user := range users {
			subs = append(subs, subscribe(t, hub, tidings.Selector{User: user}, tidings.Live))
		}
		for i := range 400 {
			publishOne(t, hub, event(users[i%4], "s", fmt.Sprint(i%4)))
		}
		for i, sub := range subs {
			for _, got := range read(t, sub, 100) {
				if got != fmt.Sprint(i) {
					t.Fatalf("owner %q got an event of %q", users[i], got)
				}
			}
			if rest := readAll(t, sub); len(rest) > 0 {
				t.Errorf("owner %q got %d events too many", users[i], len(rest))
			}
		}
	})
}

func TestReceiptsCountMatchingSubscribers(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		for _, sel := range []tidings.Selector{
			{User: "u"}, {User: "u"}, {Everyone: true}, {User: "u", Sessions: []string{"s"}}, {User: "u", Sessions: []string{"s", "t"}},
			{User: "u", Types: []string{"CUSTOM"}}, // six that match, and those that do not:
			{User: "v"}, {User: "u", Sessions: []string{"t"}}, {User: "u", Types: []string{"RAW"}},
			{Everyone: true, Channels: []tidings.Channel{tidings.A2A}},
		} {
			subscribe(t, hub, sel, tidings.Live)
		}
		if got := publishOne(t, hub, event("u", "s", "1")).Subscribers; got != 6 {
			t.Errorf("counted %d, want 6", got)
		}
		if got := hub.Stats().Subscribers; got != 10 {
			t.Errorf("stats count %d, want 10", got)
		}
	})
}

func TestHooksAreCalled(t *testing.T) {
	counts := map[string]int{}
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 1}), &tidings.Options{Hooks: tidings.Hooks{
		Published:    func(*tidings.Event, tidings.Receipt) { counts["published"]++ },
		Appended:     func(events int, _ time.Duration) { counts["appended"] += events },
		Refused:      func(error) { counts["refused"]++ },
		Subscribed:   func(tidings.Selector) { counts["subscribed"]++ },
		Unsubscribed: func(tidings.Selector) { counts["unsubscribed"]++ },
		Lost:         func(tidings.Selector, *tidings.LostError) { counts["lost"]++ },
	}})
	sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live)
	publishNumbers(t, hub, "u", "s", 0, 4)
	hub.Publish(t.Context(), event("u", "s", "bad"))
	readAll(t, sub)
	sub.Close()
	sub.Close()
	if got, want := fmt.Sprint(counts), "map[appended:5 lost:1 published:5 refused:1 subscribed:1 unsubscribed:1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
