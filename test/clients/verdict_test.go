package clients_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings"
)

// check compares what was seen with what was published.
func (b *board) check(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, wrong := range b.wrong {
		t.Errorf("saw %s", wrong)
	}
	seen := 0
	for _, name := range slices.Sorted(owned(b)) {
		o := b.owners[name]
		if got, want := len(o.published), o.events+1; got != want {
			t.Errorf("%s: %d events were published, want %d", name, got, want)
		}
		o.order(t)
		for _, client := range o.clients {
			seen += len(o.seen[client])
			if got, want := o.snapshots[client], o.stream == "contexts" && !o.fromStart; got > 1 || (got == 1) != want {
				t.Errorf("%s of %s: %d snapshots, want one: %t", client, name, got, want)
			}
			if diff := difference(o.seen[client], o.published); diff != "" {
				t.Errorf("%s of %s: %s", client, name, diff)
			}
		}
	}
	t.Logf("%d events received by %d subscribers", seen, owners*3)
}

// order brings what was published into the order of the log.
func (o *owner) order(t *testing.T) {
	t.Helper()
	number := func(r recorded) uint64 {
		id, err := tidings.ParseID(r.id)
		if err != nil {
			t.Fatal(err)
		}
		return id.Seq()
	}
	slices.SortFunc(o.published, func(a, b recorded) int { return cmp.Compare(number(a), number(b)) })
}

// difference says what differs first, or nothing.
func difference(got, want []recorded) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%d events are missing at the end, from %s on", len(want)-i, want[i].id)
		case i >= len(want):
			return fmt.Sprintf("event %d, %s, is one too many", i, got[i].id)
		case got[i].id != want[i].id:
			return fmt.Sprintf("event %d is %s, want %s", i, got[i].id, want[i].id)
		case got[i].data != want[i].data:
			return fmt.Sprintf("event %d, %s, is\n%s\nwant\n%s", i, got[i].id, got[i].data, want[i].data)
		}
	}
	return ""
}

// checkCuts makes sure that there was what the test is about.
func checkCuts(t *testing.T, b *board, proxies map[string]*proxy) {
	t.Helper()
	kinds := make(map[string]int)
	total, least := 0, 1000
	for client, p := range proxies {
		p.mu.Lock()
		for name, visits := range p.visits {
			cuts := 0
			for _, v := range visits {
				if v.status != http.StatusOK {
					t.Errorf("%s of %s was answered with %d", client, name, v.status)
				}
				if v.cut {
					cuts++
					kinds[fmt.Sprintf("%v, inside a frame: %t", v.how, v.inside)]++
				}
			}
			if cuts < minCuts {
				t.Errorf("%s of %s was cut %d times, want at least %d", client, name, cuts, minCuts)
			}
			total, least = total+cuts, min(least, cuts)
		}
		p.mu.Unlock()
	}
	if len(kinds) != 6 {
		t.Errorf("cuts were of the kinds %v, want all six", kinds)
	}
	t.Logf("%d cuts, at least %d of each subscriber: %v", total, least, kinds)
}
