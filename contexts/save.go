package contexts

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tidings-dev/tidings"
)

// checkpoints is the channel on which a Tracker keeps what a restart needs.
const checkpoints tidings.Channel = "tidings.contexts"

// A checkpoint is the payload of an event on that channel: a part of an owner's
// contexts after all his events up to Through. Its owner is the owner.
type checkpoint struct {
	Through tidings.ID      `json:"through"`
	Part    int             `json:"part"` // from 1
	Parts   int             `json:"parts"`
	State   json.RawMessage `json:"state"`
}

// lookEvery is how often it is looked for checkpoints that grew old.
const lookEvery = time.Minute

// look asks to look for what is to be saved.
func (t *Tracker) look() {
	select {
	case t.due <- struct{}{}:
	default:
	}
}

// save writes checkpoints until the hub closes.
func (t *Tracker) save(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-t.due:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if err := t.saveDue(ctx); err != nil && ctx.Err() == nil {
			t.opts.Logger.Warn("checkpoint of contexts not saved", "err", err)
		}
	}
}

// saveDue saves every owner's contexts that are due.
func (t *Tracker) saveDue(ctx context.Context) error {
	floor, head, err := t.hub.Bounds(ctx)
	if err != nil {
		return err
	}
	half := uint64(0)
	if floor.Seq() > 0 {
		half = floor.Seq() + (head.Seq()-floor.Seq())/2
	}
	var refused error
	for _, owner := range t.dueOwners(ctx, half) {
		err := t.saveOwner(ctx, owner)
		if err == nil {
			continue
		}
		err = fmt.Errorf("owner %q: %w", owner, err)
		if t.again(ctx, owner); !errors.Is(err, tidings.ErrInvalid) {
			return err // the log fails, and would for the others
		}
		refused = cmp.Or(refused, err)
	}
	return cmp.Or(refused, t.saveHorizon(ctx))
}

// again lets the next look try once more to save an owner who was not saved.
func (t *Tracker) again(ctx context.Context, owner string) {
	_ = t.follower.Turn(ctx, func() {
		if a := t.accounts.peek(owner); a != nil {
			a.asked = false
		}
	})
}

// dueOwners returns whose contexts are to be saved: because much has happened,
// because what a restart needs grew old, or because it is in the older half of
// what is retained, before the seq half. What a checkpoint brings back that was
// purged is outdone even if there is nothing to save.
func (t *Tracker) dueOwners(ctx context.Context, half uint64) (owners []string) {
	old := time.Now().Add(-t.opts.CheckpointEvery)
	_ = t.follower.Turn(ctx, func() {
		for owner, a := range t.accounts.all() {
			if a.asked || !a.undead && (a.saved.IsZero() || a.fold.empty()) {
				continue
			}
			if a.since >= t.opts.CheckpointEvents || a.saved.Time().Before(old) || a.saved.Seq() < half {
				owners = append(owners, owner)
			}
		}
	})
	return owners
}

// saveOwner saves one owner's contexts. Another replica that saves the same
// state in place of the same checkpoint changes nothing.
func (t *Tracker) saveOwner(ctx context.Context, owner string) error {
	var parts [][]byte
	var through, instead tidings.ID
	_ = t.follower.Turn(ctx, func() {
		if a := t.accounts.peek(owner); a != nil {
			a.asked = true
			parts, through, instead = a.fold.Checkpoint(t.part()), a.last, a.saved
		}
	})
	for i, part := range parts {
		if err := t.publish(ctx, owner, instead, checkpoint{through, i + 1, len(parts), part}); err != nil {
			return err
		}
	}
	return nil
}

// part returns how many bytes of a state fit into an event, with what is said
// about them.
func (t *Tracker) part() int { return min(defaultPart, t.hub.Limits().Event-1024) }

// publish keeps one part, as the bytes that it is: the part after it has their
// hash.
func (t *Tracker) publish(ctx context.Context, owner string, instead tidings.ID, c checkpoint) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil {
		return err
	}
	_, err := t.hub.PublishReserved(ctx, tidings.Event{
		User: owner, Channel: checkpoints, Data: b.Bytes(),
		Key: fmt.Sprintf("%s/%s/%s/%d", checkpoints, instead, c.Through, c.Part),
	})
	return err
}

// readCheckpoint reads a part, and reports whether it is one. One that says to
// have what comes after it is of a log that was rolled back.
func readCheckpoint(e *tidings.Event) (c checkpoint, ok bool) {
	err := json.Unmarshal(e.Data, &c)
	return c, err == nil && c.Through.Compare(e.ID) < 0
}

// seen notes a checkpoint that is in the log, of this replica or another.
func (t *Tracker) seen(e *tidings.Event) {
	a := t.accounts.peek(e.User)
	c, ok := readCheckpoint(e)
	if a == nil || !ok {
		return
	}
	if c.Part == 1 {
		a.parts, a.before = e.ID, t.at
	}
	if c.Part != c.Parts {
		return
	}
	if a.asked = false; c.Through.Compare(a.through) >= 0 { // else a replica that is behind said less
		a.saved, a.from, a.through, a.since, a.undead = a.parts, a.before, c.Through, 0, false
	} else if c.Through.Compare(a.purged) < 0 {
		a.undead = true
		t.look()
	}
}

// load begins with the checkpoints after a position that go furthest.
func (t *Tracker) load(ctx context.Context, start tidings.ID) error {
	furthest := make(map[string]*gathered)
	sel := tidings.Selector{Everyone: true, Channels: []tidings.Channel{checkpoints}}
	err := t.each(ctx, sel, tidings.After(start), func(e *tidings.Event) {
		c, ok := readCheckpoint(e)
		if !ok {
			return
		}
		g := furthest[e.User]
		if g == nil {
			g = new(gathered)
			furthest[e.User] = g
		}
		g.add(e.ID, &c)
	})
	if err != nil {
		return err
	}
	active := func(a, b string) int { return furthest[a].through.Compare(furthest[b].through) }
	for _, owner := range slices.SortedFunc(maps.Keys(furthest), active) { // if there are too many, the last stay
		t.restore(owner, furthest[owner])
	}
	return nil
}

// restore begins an owner's account with a checkpoint.
func (t *Tracker) restore(owner string, g *gathered) {
	if g.parts == nil {
		return
	}
	restored, err := Restore(t.opts.MaxContexts, g.parts...)
	if err != nil {
		t.opts.Logger.Warn("checkpoint of contexts not readable", "user", owner, "err", err)
		return
	}
	t.open(account{owner: owner, fold: restored, last: g.through, saved: g.first, from: t.at, through: g.through})
	t.shed()
}

// each calls f with what the log has now of a selection.
func (t *Tracker) each(ctx context.Context, sel tidings.Selector, start tidings.Start, f func(e *tidings.Event)) error {
	end, err := t.hub.Synced(ctx)
	if err != nil {
		return err
	}
	sub, err := t.hub.Observe(sel, start)
	if err != nil {
		return err
	}
	defer sub.Close()
	for at := sub.Position(); at.Seq() < end.Seq(); at = sub.Position() {
		batch, err := sub.Pending(ctx, nil)
		if err != nil && !tidings.IsLost(err) {
			return err
		}
		for i := range batch.Events {
			f(&batch.Events[i])
		}
	}
	return nil
}

// gathered is the checkpoint that goes furthest, of which all parts were found.
// It need not be the last: a replica that is behind knows less.
type gathered struct {
	first, through tidings.ID
	parts          [][]byte

	nextFirst, nextThrough tidings.ID // of the one of which some were
	next                   [][]byte
}

// add adds a part. Parts are in order, unless a replica died between them or
// several were at it at the same time.
func (g *gathered) add(id tidings.ID, c *checkpoint) {
	if c.Part == 1 {
		g.nextFirst, g.nextThrough, g.next = id, c.Through, nil
	}
	if c.Through != g.nextThrough || c.Part != len(g.next)+1 {
		return
	}
	g.next = append(g.next, c.State)
	if c.Part == c.Parts && c.Through.Compare(g.through) >= 0 {
		g.first, g.through, g.parts = g.nextFirst, g.nextThrough, g.next
	}
}
