package contexts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings"
)

// A horizon is the payload of an event on the channel of checkpoints: who begins
// after From misses nothing, because everything before it is in checkpoints
// behind it. So a Tracker that begins need not read all that a log retains.
type horizon struct {
	From tidings.ID `json:"from"`
}

// horizonType is the type of those events, and their owner: their own, so that
// they are found without looking at anybody's events.
const horizonType = "horizon"

// horizonEvery is how old the last horizon is before another one is noted.
const horizonEvery = 15 * time.Minute

// horizon returns the position before which nothing is needed to begin anew.
func (t *Tracker) horizon() tidings.ID {
	from, recently := t.at, time.Now().Add(-t.opts.CheckpointEvery)
	for _, a := range t.accounts.all() {
		needed := !a.fold.empty() || a.undead || a.purged.Time().After(recently)
		if needed && a.from.Compare(from) < 0 {
			from = a.from
		}
	}
	return from
}

// saveHorizon notes the horizon, if that spares who begins a good many events
// and no replica did so a moment ago.
func (t *Tracker) saveHorizon(ctx context.Context) error {
	var from tidings.ID
	_ = t.follower.Turn(ctx, func() {
		if at := t.horizon(); time.Since(t.noted.Time()) >= horizonEvery && at.Seq() >= t.begun.Seq()+uint64(t.opts.CheckpointEvents) {
			from = at
		}
	})
	if from.IsZero() {
		return nil
	}
	data, err := json.Marshal(horizon{from})
	if err != nil {
		return err
	}
	_, err = t.hub.PublishReserved(ctx, tidings.Event{
		User: string(checkpoints), Channel: checkpoints, Type: horizonType, Data: data,
		Key: fmt.Sprintf("%s/%s/%s", checkpoints, horizonType, from),
	})
	return err
}

// readHorizon reads a horizon, and reports whether it is one.
func readHorizon(e *tidings.Event) (from tidings.ID, ok bool) {
	var h horizon
	err := json.Unmarshal(e.Data, &h)
	return h.From, err == nil && h.From.Compare(e.ID) < 0
}

// notedHorizon notes a horizon that is in the log, of this replica or another.
func (t *Tracker) notedHorizon(e *tidings.Event) {
	if from, ok := readHorizon(e); ok && from.Compare(t.begun) >= 0 {
		t.begun, t.noted = from, e.ID
	}
}

// start returns where to begin: the last horizon, or the floor of the log if
// that is later or none was noted.
func (t *Tracker) start(ctx context.Context) (tidings.ID, error) {
	floor, _, err := t.hub.Bounds(ctx)
	if err != nil {
		return tidings.ID{}, err
	}
	t.begun, t.noted = floor, tidings.ID{}
	sel := tidings.Selector{User: string(checkpoints), Channels: []tidings.Channel{checkpoints}, Types: []string{horizonType}}
	err = t.each(ctx, sel, tidings.Oldest, t.notedHorizon)
	return t.begun, err
}
