package analytics_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

// A model is a Fold that keeps all events, and works everything out from the
// definitions whenever it is asked.
type model struct {
	activeFor   time.Duration
	maxSessions int
	facts       []fact
}

// A fact is an event of the model. Of a request of a session, bot says whether
// its SESSION_STARTED has said so.
type fact struct {
	at                         time.Time
	owner, kind, session, user string
	bot                        bool
}

// A visit is a session of the model.
type visit struct {
	owner, id, person string
	bot               bool
	last              time.Time
	turn              int // when it came into its last second, from 1
}

// of returns the figures of an owner, or of everyone.
func (m *model) of(owner string, everyone bool, now time.Time) string {
	var stats analytics.RealTimeStats
	visits, requests := m.replay()
	for _, r := range requests {
		if everyone || r.owner == owner {
			count(&stats, r, now.Unix()-r.at.Unix())
		}
	}
	people := map[string]bool{}
	for _, v := range visits {
		if (everyone || v.owner == owner) && seconds(v.last, now) < m.activeFor {
			stats.ActiveSessions++
			people[v.owner+"/"+v.person] = true
		}
	}
	stats.ActiveUsers = int64(len(people))
	return figures(stats)
}

// count counts a request that was made so many seconds ago.
func count(stats *analytics.RealTimeStats, r fact, ago int64) {
	if ago >= 0 && ago < 60 {
		stats.RequestsPerMinute++
	}
	if ago >= 0 && ago < 300 && r.kind == analytics.TypePageView {
		stats.PageViewsLast5m++
	}
	if ago >= 0 && ago < 300 && r.bot {
		stats.BotRequestsLast5m++
	}
}

// replay goes through all events.
func (m *model) replay() (visits []*visit, requests []fact) {
	for turn, f := range m.facts {
		i := slices.IndexFunc(visits, func(v *visit) bool { return v.owner == f.owner && v.id == f.session })
		over := f.kind == analytics.TypeSessionEnded
		if i >= 0 && (over || seconds(visits[i].last, f.at) >= m.activeFor) {
			visits, i = slices.Delete(visits, i, i+1), -1
		}
		if over {
			continue
		}
		if i < 0 && f.session != "" {
			i = len(visits)
			visits = append(visits, &visit{owner: f.owner, id: f.session, person: f.owner, last: f.at})
		}
		if f.bot = i >= 0 && visits[i].next(f, turn+1); len(visits) > m.maxSessions {
			i = slices.Index(visits, slices.MinFunc(visits, silence))
			visits = slices.Delete(visits, i, i+1)
		}
		requests = append(requests, f)
	}
	return visits, requests
}

// next takes a request and reports whether it is a bot's.
func (v *visit) next(f fact, turn int) bool {
	v.person = cmp.Or(f.user, v.person)
	if v.turn == 0 || seconds(v.last, f.at) > 0 {
		v.last, v.turn = f.at, turn
	}
	if f.kind == analytics.TypeSessionStarted {
		v.bot = f.bot
	}
	return v.bot
}

// silence orders visits by their last second, and in it by who was there first.
func silence(a, b *visit) int {
	return cmp.Or(cmp.Compare(a.last.Unix(), b.last.Unix()), cmp.Compare(a.turn, b.turn))
}

// seconds returns the time from one second to another.
func seconds(from, to time.Time) time.Duration {
	return to.Truncate(time.Second).Sub(from.Truncate(time.Second))
}

// event returns the fact as one of the ways in which it can be published.
func (f fact) event(r *rand.Rand) *tidings.Event {
	e := event(0, f.owner, "")
	e.ID = tidings.NewID(f.at, 1)
	session := fmt.Sprintf("%q", f.session)
	if f.session == "" {
		session = "null"
	} else if r.IntN(3) == 0 {
		e.Session, session = f.session, `""`
	}
	typ := fmt.Sprintf("%q", f.kind)
	if r.IntN(3) == 0 {
		e.Type, typ = f.kind, "null"
	}
	e.Data = fmt.Appendf(nil, `{"user_id":%q,"is_bot":%t,"session_id":%s,"type":%s}`, f.user, f.bot, session, typ)
	return e
}

// random returns a fact at a time.
func random(r *rand.Rand, at time.Time) fact {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	f := fact{at: at, owner: pick("", "o", "p"), session: pick("a", "b", "c", "d", "e", ""), kind: pick(
		analytics.TypePageView, analytics.TypePageView, analytics.TypeSessionStarted, analytics.TypeEngagementUpdate, analytics.TypeSessionEnded)}
	if f.kind == analytics.TypePageView {
		f.user = pick("", "", "u", "v", "o")
	}
	f.bot = f.kind == analytics.TypeSessionStarted && r.IntN(2) == 0
	return f
}

// Whatever happens, in whichever order it is stamped and asked for within the
// minute that clocks may be apart, a Fold says what the definitions say.
func TestFoldAgreesWithTheDefinitions(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := &model{activeFor: []time.Duration{5 * time.Minute, 7 * time.Second, 20 * time.Minute}[r.IntN(3)], maxSessions: []int{200_000, 1, 4, 9}[r.IntN(4)]}
		fold := analytics.NewFold(&analytics.Options{ActiveFor: m.activeFor, MaxSessions: m.maxSessions})
		run(t, fmt.Sprint("seed ", seed), m, fold, r)
		fold.Everyone(now(1e6))
		if owners, sessions, people, seconds := fold.Kept(); owners+sessions+people+seconds > 0 {
			t.Fatalf("seed %d: remembers %d owners, %d sessions, %d people, %d seconds", seed, owners, sessions, people, seconds)
		}
	}
}

// run does random things and compares.
func run(t *testing.T, name string, m *model, fold *analytics.Fold, r *rand.Rand) {
	clock := now(0)
	skewed := func() time.Time { return clock.Add(time.Duration(r.Int64N(int64(time.Minute))) - 30*time.Second) }
	for range 150 {
		switch r.IntN(12) {
		case 0:
			clock = clock.Add(time.Duration(r.Int64N(int64(10 * time.Minute))))
		case 1, 2, 3, 4:
			clock = clock.Add(time.Duration(r.Int64N(int64(15 * time.Second))))
		case 5:
			clock = clock.Truncate(time.Second).Add(time.Duration(r.IntN(2)) * time.Second)
		case 6, 7:
			compareStats(t, name, m, fold, r, skewed())
		default:
			at := clock
			if r.IntN(4) == 0 {
				at = skewed()
			}
			f := random(r, at)
			m.facts = append(m.facts, f)
			fold.Apply(f.event(r))
		}
	}
	compareStats(t, name, m, fold, r, clock)
}

// compareStats asks both.
func compareStats(t *testing.T, name string, m *model, fold *analytics.Fold, r *rand.Rand, now time.Time) {
	owner := []string{"", "o", "p", "nobody"}[r.IntN(4)]
	if got, want := figures(fold.Of(owner, now)), m.of(owner, false, now); got != want {
		t.Fatalf("%s, event %d, %s, owner %q: got %s, want %s", name, len(m.facts), now, owner, got, want)
	}
	if got, want := figures(fold.Everyone(now)), m.of("", true, now); got != want {
		t.Fatalf("%s, event %d, %s, everyone: got %s, want %s", name, len(m.facts), now, got, want)
	}
	if _, sessions, _, _ := fold.Kept(); sessions > m.maxSessions {
		t.Fatalf("%s: remembers %d sessions of at most %d", name, sessions, m.maxSessions)
	}
}
