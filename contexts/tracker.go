package contexts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/fold"
)

// A Tracker knows the contexts of every owner, by a [Fold] of each owner's
// events, as long as its hub is open. Two replicas know the same at the same
// position, unless one had to forget owners: see [TrackerOptions].MaxTotal.
//
// Over a log that is durable it keeps checkpoints in the log, on a reserved
// channel: after a restart, or on another replica, the numbers are what they
// were, though the events that made them are no longer retained. That takes a
// log that retains the last minutes, and at least four times
// [TrackerOptions].CheckpointEvents events.
//
// All methods may be called concurrently.
type Tracker struct {
	hub      *tidings.Hub
	opts     TrackerOptions
	follower *fold.Follower
	due      chan struct{} // has a value when it is time to look for what to save

	// In a turn of the follower only:
	accounts *recent[account]
	contexts int        // of all accounts
	events   int        // since it was last looked for what to save
	at       tidings.ID // of the last event
	begun    tidings.ID // the last horizon, or where the tracker began
	noted    tidings.ID // where that horizon was noted
}

var _ Source = (*Tracker)(nil)

// TrackerOptions are the options of NewTracker. Zero fields, and nil, mean the
// defaults.
type TrackerOptions struct {
	// MaxContexts is how many contexts an owner may have before the one leaves
	// that was not used the longest; 10,000 by default.
	MaxContexts int
	// MaxTotal is how many contexts all owners together may have before the
	// owner leaves who did nothing for the longest; 250,000 by default.
	MaxTotal int
	// CheckpointEvents is after how many of an owner's events his contexts are
	// saved; 1,000 by default.
	CheckpointEvents int
	// CheckpointEvery is how old the last checkpoint of an owner may become
	// before it is written anew, so that it stays retained; an hour by default.
	CheckpointEvery time.Duration
	// Logger gets what an operator acts on; nil discards it.
	Logger *slog.Logger
}

// withDefaults returns a copy of o with zero fields set.
func (o *TrackerOptions) withDefaults() TrackerOptions {
	c := TrackerOptions{}
	if o != nil {
		c = *o
	}
	for _, d := range []struct {
		have *int
		def  int
	}{{&c.MaxContexts, 10_000}, {&c.MaxTotal, 250_000}, {&c.CheckpointEvents, 1000}} {
		if *d.have <= 0 {
			*d.have = d.def
		}
	}
	if c.CheckpointEvery <= 0 {
		c.CheckpointEvery = time.Hour
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// An account is what a Tracker knows of one owner.
type account struct {
	owner   string
	fold    *Fold
	last    tidings.ID // of the events applied
	saved   tidings.ID // the checkpoint, or before there is one the first event: what a restart needs
	from    tidings.ID // a position before it
	through tidings.ID // up to where the checkpoint goes
	parts   tidings.ID // of a checkpoint of which not all parts were seen, the first
	before  tidings.ID // a position before it
	purged  tidings.ID // when the owner was, if he was
	undead  bool       // the log has a checkpoint from before that behind it, which is to be outdone
	since   int        // events applied after the checkpoint was made
	asked   bool       // to be saved, and not yet seen to be
}

// NewTracker returns a Tracker of a hub, which begins with what the log retains.
// It ends with the hub.
func NewTracker(hub *tidings.Hub, opts *TrackerOptions) *Tracker {
	t := &Tracker{hub: hub, opts: opts.withDefaults(), due: make(chan struct{}, 1)}
	channels := []tidings.Channel{tidings.AGUI, tidings.A2A, tidings.System, checkpoints, tidings.Control}
	t.follower = fold.New(hub, tidings.Selector{Everyone: true, Channels: channels}, (*state)(t))
	if hub.Durable() {
		_ = hub.Go(t.save) // a closed hub is told of by Contexts
	}
	return t
}

// Contexts implements [Source]: it waits until everything that was acknowledged
// before the call, on any replica, is known.
func (t *Tracker) Contexts(ctx context.Context, owner string) (s *Snapshot, at tidings.ID, err error) {
	err = t.follower.Read(ctx, func(p tidings.ID) {
		s, at = NewSnapshot(nil), p
		if a := t.accounts.peek(owner); a != nil {
			s = a.fold.Snapshot()
		}
	})
	if err != nil {
		return nil, at, fmt.Errorf("contexts: %w", err)
	}
	return s, at, nil
}

// A state is the Tracker as its follower sees it.
type state Tracker

// Begin implements [fold.State].
func (s *state) Begin(ctx context.Context) (tidings.Start, error) {
	t := (*Tracker)(s)
	t.accounts, t.contexts, t.events = newRecent[account](t.opts.MaxTotal), 0, 0
	if !t.hub.Durable() {
		return tidings.Oldest, nil
	}
	start, err := t.start(ctx)
	if err == nil {
		t.at = start
		err = t.load(ctx, start)
	}
	if err != nil {
		return tidings.Start{}, fmt.Errorf("load checkpoints: %w", err)
	}
	return tidings.After(start), nil // not Oldest: what is discarded from now on is told of
}

// Apply implements [fold.State].
func (s *state) Apply(e *tidings.Event) {
	t := (*Tracker)(s)
	switch {
	case e.Channel == checkpoints && e.Type == horizonType:
		t.notedHorizon(e)
	case e.Channel == checkpoints:
		t.seen(e)
	case e.Channel == tidings.Control:
		t.purge(e)
	default:
		t.apply(e)
	}
	t.at = e.ID
}

// apply takes an event into its owner's contexts.
func (t *Tracker) apply(e *tidings.Event) {
	a := t.account(e.User)
	if e.ID.Compare(a.last) <= 0 {
		return // the checkpoint has it
	}
	if a.saved.IsZero() {
		a.saved, a.from = e.ID, t.at
	}
	before := a.fold.Len()
	a.fold.Apply(e)
	t.contexts += a.fold.Len() - before
	t.shed()
	a.last = e.ID
	a.since++
	t.events++
	if a.since == t.opts.CheckpointEvents || t.events >= t.opts.CheckpointEvents {
		t.events = 0
		t.look()
	}
}

// Lost implements [fold.State]. Over a log that is durable another replica may
// have saved what is missing here.
func (s *state) Lost(lost *tidings.LostError) (again bool) {
	if !s.hub.Durable() {
		s.opts.Logger.Warn("contexts may lack events", "err", lost)
	}
	return s.hub.Durable()
}

// purge forgets what there is of an owner, if the event says so. What stays is
// when that was: a replica that has not heard of it may still save what was
// before.
func (t *Tracker) purge(e *tidings.Event) {
	if !e.Purged() {
		return
	}
	a := t.account(e.User)
	if a.purged = e.ID; e.ID.Compare(a.last) <= 0 {
		return // the checkpoint is of after it
	}
	t.contexts -= a.fold.Len()
	*a = account{owner: a.owner, fold: NewFold(t.opts.MaxContexts), last: e.ID, through: e.ID, purged: e.ID, from: t.at}
}

// account returns that of an owner, making it if need be.
func (t *Tracker) account(owner string) *account {
	if a := t.accounts.use(owner); a != nil {
		return a
	}
	return t.open(account{owner: owner, fold: NewFold(t.opts.MaxContexts)})
}

// open adds an account, of an owner who has none.
func (t *Tracker) open(a account) *account {
	if len(t.accounts.nodes) == t.opts.MaxTotal {
		t.forget()
	}
	t.contexts += a.fold.Len()
	return t.accounts.add(a.owner, a)
}

// shed lets owners go until what is left fits, but for the one used last.
func (t *Tracker) shed() {
	for t.contexts > t.opts.MaxTotal && len(t.accounts.nodes) > 1 {
		t.forget()
	}
}

// forget lets the owner go who did nothing for the longest.
func (t *Tracker) forget() {
	oldest := &t.accounts.oldest.value
	t.contexts -= oldest.fold.Len()
	t.opts.Logger.Warn("too many contexts: those of an owner were forgotten", "user", oldest.owner, "limit", t.opts.MaxTotal)
	t.accounts.remove(oldest.owner)
}
