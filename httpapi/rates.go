package httpapi

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tidings-dev/tidings/internal/wire"
)

// rates are how many events subjects may publish. One who published nothing for so
// long that it may publish as much as any other is forgotten: those of whom
// nothing was heard since young became old are, when that happens again.
type rates struct {
	limit rate.Limit
	burst int
	turns time.Duration // after which young become old

	mu         sync.Mutex // guards what follows
	young, old map[string]*rate.Limiter
	turning    bool
}

// newRates returns rates, nil if there is no limit.
func newRates(l *Limits) *rates {
	if l.EventsPerSecond < 0 {
		return nil
	}
	burst := max(l.EventsBurst, 1)
	full := min(float64(burst)/l.EventsPerSecond, (24 * time.Hour).Seconds()) // it may be next to never
	return &rates{
		limit: rate.Limit(l.EventsPerSecond), burst: burst, turns: time.Second + time.Duration(full*float64(time.Second)),
		young: make(map[string]*rate.Limiter), old: make(map[string]*rate.Limiter),
	}
}

// of returns the rate of a subject.
func (r *rates) of(subject string) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.young[subject]; known != nil {
		return known
	}
	known := r.old[subject]
	if known == nil {
		subject, known = strings.Clone(subject), rate.NewLimiter(r.limit, r.burst)
	}
	delete(r.old, subject)
	r.young[subject] = known
	if !r.turning {
		r.turning = true
		time.AfterFunc(r.turns, r.turn)
	}
	return known
}

// turn forgets the old and makes the young old, as long as there are some.
func (r *rates) turn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.old, r.young = r.young, make(map[string]*rate.Limiter)
	if r.turning = len(r.old) > 0; r.turning {
		time.AfterFunc(r.turns, r.turn)
	}
}

// publisher returns who is counted as the one who publishes.
func (a *Access) publisher() string { return cmp.Or(a.Subject, a.Owner) }

// spend lets a subject publish n events, unless that is too many now.
func (h *Handler) spend(a *Access, n int) error {
	r := h.rates
	switch {
	case r == nil:
		return nil
	case n > r.burst:
		h.overruns.events.Add(1)
		return refusal(wire.TooLarge, "%d events are more than the %d that may be published at once", n, r.burst)
	}
	of, now := r.of(a.publisher()), time.Now()
	if of.AllowN(now, n) {
		return nil
	}
	h.overruns.events.Add(1)
	wait := time.Duration((float64(n) - of.TokensAt(now)) / float64(r.limit) * float64(time.Second))
	return refusal(wire.TooManyEvents, "%q publishes more than %v events in a second: send these again later", shorten(a.publisher()), float64(r.limit)).after(wait + time.Second/2)
}

// together returns how many lines are taken at once: so many that the next answer
// does not take longer than a second.
func (h *Handler) together() int {
	most := h.hub.Limits().Batch
	if r := h.rates; r != nil {
		most = max(min(most, r.burst, int(r.limit)), 1)
	}
	return most
}

// pace waits until n lines may be published, and reports whether they may still.
// Who publishes line by line is not refused: what comes too fast is not read.
func (p *publishing) pace(n int) bool {
	r := p.h.rates
	if r == nil || n == 0 {
		return true
	}
	p.rest() // it is not the client who makes what comes next wait
	return r.of(p.subject).WaitN(p.life, n) == nil
}
