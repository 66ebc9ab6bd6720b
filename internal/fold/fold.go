// Package fold keeps a state up to date with what a hub's log says.
package fold

import (
	"context"
	"errors"
	"time"

	"github.com/tidings-dev/tidings"
)

// A State is made of events, in log order. Its methods are called by one
// goroutine at a time.
type State interface {
	// Begin forgets everything, and returns from where on events are needed. It
	// is called before the first event and whenever the log was replaced.
	Begin(ctx context.Context) (tidings.Start, error)
	// Apply adds an event.
	Apply(e *tidings.Event)
	// Lost says that events before the next one are gone. If it returns true the
	// state begins anew.
	Lost(lost *tidings.LostError) (again bool)
}

// A Follower keeps a State up to date with a hub, as long as that is open. Its
// methods may be called concurrently.
type Follower struct {
	hub   *tidings.Hub
	sel   tidings.Selector
	state State
	turn  chan struct{}         // has one value while nobody uses what follows
	sub   *tidings.Subscription // nil before Begin
}

// rest is how long the follower lets events gather: who asks does not wait for
// it, and publishers have less often to wake it.
const rest = 50 * time.Millisecond

// pause is how long it waits where the log cannot be read.
const pause = time.Second

// New returns a Follower of a hub. The selector may name reserved channels.
func New(hub *tidings.Hub, sel tidings.Selector, state State) *Follower {
	f := &Follower{hub: hub, sel: sel, state: state, turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	_ = hub.Go(f.run) // a closed hub is told of by Read
	return f
}

// run follows until the hub closes.
func (f *Follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		ready := f.catchUp(ctx)
		if ready == nil {
			sleep(ctx, pause)
			continue
		}
		select {
		case <-ready:
		case <-ctx.Done():
		}
		sleep(ctx, rest)
	}
	f.close()
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// close lets go of the subscription.
func (f *Follower) close() {
	<-f.turn
	defer f.leave()
	if f.sub != nil {
		f.sub.Close()
	}
}

// enter waits for the turn.
func (f *Follower) enter(ctx context.Context) error {
	select {
	case <-f.turn:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *Follower) leave() { f.turn <- struct{}{} }

// catchUp applies what there is, and returns what is ready when there is more,
// or nil if the log cannot be read.
func (f *Follower) catchUp(ctx context.Context) <-chan struct{} {
	for {
		n, ready, err := f.turnOf(ctx, nil)
		switch {
		case errors.Is(err, tidings.ErrReplaced):
			continue
		case err != nil:
			return nil
		case n == 0:
			return ready
		}
	}
}

// Turn calls use with the state as it is, which nobody changes until use
// returns.
func (f *Follower) Turn(ctx context.Context, use func()) error {
	if err := f.enter(ctx); err != nil {
		return err
	}
	defer f.leave()
	use()
	return nil
}

// turnOf makes one step in a turn of its own, and then calls use, if it is not
// nil, in the same turn, with how many events were applied.
func (f *Follower) turnOf(ctx context.Context, use func(n int)) (n int, ready <-chan struct{}, err error) {
	if err := f.enter(ctx); err != nil {
		return 0, nil, err
	}
	defer f.leave()
	if n, err = f.step(ctx); err != nil {
		return 0, nil, err
	}
	if use != nil {
		use(n)
	}
	return n, f.sub.Ready(), nil
}

// Read calls use with the position of a moment when the state has all that was
// acknowledged before the call, on any replica, and keeps the state as it is
// until use returns.
func (f *Follower) Read(ctx context.Context, use func(at tidings.ID)) error {
	for {
		want, err := f.hub.Synced(ctx)
		if err == nil {
			err = f.readAt(ctx, want, use)
		}
		if !errors.Is(err, tidings.ErrReplaced) { // else there is another window by now
			return err
		}
	}
}

// Latest is Read without asking the log: use is called when the state has what
// this replica has heard of.
func (f *Follower) Latest(ctx context.Context, use func()) error {
	for done := false; !done; {
		_, _, err := f.turnOf(ctx, func(n int) {
			if done = n == 0; done {
				use()
			}
		})
		if err != nil && !errors.Is(err, tidings.ErrReplaced) {
			return err
		}
	}
	return nil
}

// readAt calls use when the state has everything up to a position.
func (f *Follower) readAt(ctx context.Context, want tidings.ID, use func(at tidings.ID)) error {
	for behind := true; behind; {
		_, _, err := f.turnOf(ctx, func(int) {
			at := f.sub.Position()
			if behind = at.Seq() < want.Seq(); !behind {
				use(at)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// step begins if need be, and applies one batch.
func (f *Follower) step(ctx context.Context) (int, error) {
	if f.sub == nil {
		if err := f.begin(ctx); err != nil {
			return 0, err
		}
	}
	batch, err := f.sub.Pending(ctx, nil)
	lost, ok := errors.AsType[*tidings.LostError](err)
	again := ok && f.state.Lost(lost)
	if again || errors.Is(err, tidings.ErrReplaced) {
		f.sub.Close()
		f.sub = nil
	}
	if again {
		return 0, tidings.ErrReplaced
	}
	if ok {
		return 1, nil
	}
	for i := range batch.Events {
		f.state.Apply(&batch.Events[i])
	}
	return len(batch.Events), err
}

// begin subscribes to what the state needs.
func (f *Follower) begin(ctx context.Context) error {
	start, err := f.state.Begin(ctx)
	if err != nil {
		return err
	}
	f.sub, err = f.hub.Observe(f.sel, start)
	return err
}
