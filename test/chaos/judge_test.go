package chaos_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings"
)

// end has publishers stop, waits until every subscriber is where the log is, and
// judges. Before that everybody has to get on by himself, and then others come
// who read everything from the start.
func (s *scene) end() {
	s.t.Helper()
	s.advance(3, everybody)
	close(s.done)
	s.work.Wait()
	s.delivered(everybody)
	log := s.log()
	for i := range s.fleet {
		s.follow(i, "", true)
		for _, owner := range owners {
			s.follow(i, owner, true)
		}
	}
	s.await("every subscriber saw the end of the log", func() bool {
		return !slices.ContainsFunc(s.views, func(v *view) bool { return !v.reached(lastOf(log, v.owner)) })
	})
	s.unharmed()
	s.blind()
	s.watching.Wait()
	s.judge(log)
}

// log returns the log as it is now, where it is. It may be asked for when the
// scene's time is over.
func (s *scene) log() []sight {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.place.log == "nats" {
		return streamed(s.t, ctx, s.place.url)
	}
	return s.rows(ctx)
}

// rows returns the log as the database has it.
func (s *scene) rows(ctx context.Context) []sight {
	s.t.Helper()
	c, err := pgx.Connect(ctx, s.place.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close(ctx)
	rows, _ := c.Query(ctx, `select seq, nano, owner, data from tidings.event where not starts_with(channel, 'tidings.') order by seq`)
	defer rows.Close()
	var all []sight
	for rows.Next() {
		var seq, nano int64
		var owner string
		var data []byte
		if err := rows.Scan(&seq, &nano, &owner, &data); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, sight{tidings.NewID(time.Unix(0, nano), uint64(seq)), owner, string(data)})
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// lastOf returns the position of an owner's last event, or of the last of all.
func lastOf(log []sight, owner string) (last tidings.ID) {
	for _, e := range log {
		if owner == "" || e.owner == owner {
			last = e.id
		}
	}
	return last
}

// unharmed asks the replicas, all of which run, whether they lost anything.
func (s *scene) unharmed() {
	s.t.Helper()
	for _, r := range s.fleet {
		figures, err := r.stats(s.ctx, s.http)
		if err != nil || figures.Lost != 0 || figures.Dropped != 0 || !figures.Log.OK {
			s.t.Errorf("%s: figures %+v, error %v: want nothing lost or dropped, and the log followed", r.name, figures, err)
		}
	}
}

// judge compares what was promised with what happened.
func (s *scene) judge(log []sight) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	wrong := s.wrong
	wrong = append(wrong, s.judgeLog(log)...)
	there := make(map[string]sight)
	for _, e := range log {
		there[e.data] = e
	}
	for _, p := range s.publishers {
		wrong = append(wrong, p.judge(there)...)
	}
	seen := 0
	for _, v := range s.views {
		seen += len(v.seen)
		wrong = append(wrong, v.judge(log)...)
	}
	for _, w := range wrong[:min(len(wrong), 20)] {
		s.t.Error(w)
	}
	if len(wrong) > 20 {
		s.t.Errorf("and %d more", len(wrong)-20)
	}
	s.t.Logf("%d events in the log, %s; %d seen by %d subscribers, who connected %d times",
		len(log), s.tally(there), seen, len(s.views), s.connections())
}

// judgeLog returns what is wrong with the log by itself: positions increase, and
// each event is there once, and was published.
func (s *scene) judgeLog(log []sight) (wrong []string) {
	published, times := make(map[string]string), make(map[string]int)
	for _, p := range s.publishers {
		for _, a := range p.attempts {
			published[a.data] = a.owner
		}
	}
	var before uint64
	for _, e := range log {
		if times[e.data]++; times[e.data] > 1 {
			wrong = append(wrong, fmt.Sprintf("the log has %d times, now at %s: %s", times[e.data], e.id, e.data))
		}
		if owner, ok := published[e.data]; !ok || owner != e.owner {
			wrong = append(wrong, fmt.Sprintf("the log has what nobody published for %s: %s", e.owner, e.data))
		}
		if e.id.Seq() <= before {
			wrong = append(wrong, fmt.Sprintf("the log has %s after number %d", e.id, before))
		}
		before = e.id.Seq()
	}
	return wrong
}

// judge returns where the log is not what a publisher was told. It is in his
// order.
func (p *publisher) judge(there map[string]sight) (wrong []string) {
	var before tidings.ID
	for _, a := range p.attempts {
		e, ok := there[a.data]
		switch {
		case a.outcome == acked && !ok:
			wrong = append(wrong, fmt.Sprintf("acknowledged at %s and not in the log: %s", a.id, a.data))
		case a.outcome == acked && !a.id.IsZero() && a.id != e.id:
			wrong = append(wrong, fmt.Sprintf("acknowledged at %s and in the log at %s: %s", a.id, e.id, a.data))
		case a.outcome == refused && ok:
			wrong = append(wrong, fmt.Sprintf("refused and in the log at %s: %s", e.id, a.data))
		case a.outcome == acked && e.id.Compare(before) <= 0:
			wrong = append(wrong, fmt.Sprintf("in the log at %s, before the publisher's last at %s: %s", e.id, before, a.data))
		}
		if a.outcome == acked {
			before = e.id
		}
	}
	return wrong
}

// judge returns where a view differs from the log. It may go beyond it by what
// came after the log was read.
func (v *view) judge(log []sight) []string {
	var want []sight
	for _, e := range log {
		if v.owner == "" || v.owner == e.owner {
			want = append(want, e)
		}
	}
	for i, e := range v.seen {
		if i > 0 && e.id.Compare(v.seen[i-1].id) <= 0 {
			return []string{fmt.Sprintf("%s: saw %s after %s", v.name, e.id, v.seen[i-1].id)}
		}
		if i < len(want) && e != want[i] {
			return []string{fmt.Sprintf("%s: saw as number %d %+v, want %+v", v.name, i, e, want[i])}
		}
	}
	if len(v.seen) < len(want) {
		return []string{fmt.Sprintf("%s: saw %d of %d", v.name, len(v.seen), len(want))}
	}
	return nil
}

// tally counts events by what their publishers were told, and of those whose
// outcome is unknown how many are there. The history's lock must be held.
func (s *scene) tally(there map[string]sight) string {
	var n [outcomes]int
	kept := 0
	for _, p := range s.publishers {
		for _, a := range p.attempts {
			n[a.outcome]++
			if _, ok := there[a.data]; ok && a.outcome == unknown {
				kept++
			}
		}
	}
	return fmt.Sprintf("%d acknowledged, %d refused, %d of %d unknown ones", n[acked], n[refused], kept, n[unknown])
}

// connections counts them. The history's lock must be held.
func (s *scene) connections() (n int) {
	for _, v := range s.views {
		n += v.connected
	}
	return n
}
