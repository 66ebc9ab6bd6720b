package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"syscall"
	"time"

	"github.com/tidings-dev/tidings/internal/herd"
)

// A run is one measurement while it goes on, in one thread.
type run struct {
	o       Options
	ctx     context.Context // of the run, which is this type's whole life
	streams target
	posts   target

	poll   *poll // of the subscribers, and of urgent
	urgent *poll // of what is not to wait for thousands of those: publishers and timer
	timer  timer // says that something is due

	subs  []subscriber
	pubs  []publisher
	idle  []int32 // publishers that may send, in turn
	judge *judge

	wall  int64 // the Unix time of began
	began time.Time

	publishing  bool
	outstanding int   // events that did not reach everybody
	due         int64 // when the next event is, of a rate
	rateBegan   int64
	dealt       int

	open       int // streams that began
	deliveries int
	latency    histogram // from when an event was due until a subscriber has it
	acks       histogram // until the server has answered
	cuts       []time.Duration
	feeding    time.Time // since when there is something not to read

	// Shared by all connections.
	buffer  []byte  // of a read
	same    []byte  // what was read last, if its meaning depends on nothing else
	events  []event // what that was
	request []byte
	body    []byte
}

// bufferSize is how much is read at once. What a herd is owed fits.
const bufferSize = 64 << 10

// Run puts a server under load until the scenario is over or ctx ends, and
// reports. It needs Linux; elsewhere the error is errors.ErrUnsupported. Any
// stream that is not as it should be is an error; see the package's
// documentation.
func Run(ctx context.Context, opts *Options) (*Report, error) {
	r, err := newRun(ctx, opts)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer r.end()
	if err := r.openPolls(); err != nil {
		return nil, err
	}
	herd.MakeRoom()
	switch r.o.Scenario {
	case Idle:
		return r.idleScenario()
	case Herd:
		return r.herd()
	}
	return r.stream()
}

// newRun returns a run with nothing connected. The caller ends it.
func newRun(ctx context.Context, opts *Options) (*run, error) {
	o := opts.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	streams, err := newTarget(o.Server, o.SubscribeURL, o.Channel)
	if err != nil {
		return nil, err
	}
	posts, err := newTarget(o.Server, o.PublishURL, o.Channel)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &run{
		o: o, ctx: ctx, streams: streams, posts: posts, wall: now.UnixNano(), began: now,
		timer: -1, judge: newJudge(o.Owners), buffer: make([]byte, bufferSize), subs: make([]subscriber, o.Connections),
	}
	for i := range r.subs {
		s := &r.subs[i]
		s.owner, s.mute = int32(i%o.Owners), i < o.Stalled
		if !s.mute && o.Scenario != Herd {
			r.judge.owners[s.owner].readers++
		}
	}
	return r, nil
}

// openPolls makes what the run waits with.
func (r *run) openPolls() (err error) {
	if r.poll, err = newPoll(); err != nil {
		return err
	}
	if r.urgent, err = newPoll(); err != nil {
		return err
	}
	if r.timer, err = newTimer(); err != nil {
		return err
	}
	return errors.Join(r.urgent.add(int(r.timer), timerID, readable), r.poll.add(r.urgent.fd, urgentID, readable))
}

// end closes what is open.
func (r *run) end() {
	for i := range r.subs {
		r.close(&r.subs[i])
	}
	for i := range r.pubs {
		if r.pubs[i].fd > 0 {
			syscall.Close(r.pubs[i].fd)
		}
	}
	if r.timer >= 0 {
		r.timer.close()
	}
	for _, p := range []*poll{r.urgent, r.poll} {
		if p != nil {
			p.close()
		}
	}
}

// now returns the time in Unix nanoseconds, which a change of the machine's
// clock does not move.
func (r *run) now() int64 { return r.wall + int64(time.Since(r.began)) }

// since returns the time from one Unix time to another.
func since(then, now int64) time.Duration { return time.Duration(now - then) }

// step waits for something to happen, but not long, and does what is to be
// done about it.
func (r *run) step() error {
	const glance = 20 * time.Millisecond
	if err := context.Cause(r.ctx); err != nil {
		return err
	}
	ready, err := r.poll.wait(glance)
	if err != nil {
		return err
	}
	for i := range ready {
		if i%turn == 0 {
			if err := r.hurry(); err != nil {
				return err
			}
		}
		if err := r.handle(int(ready[i].Fd), ready[i].Events); err != nil {
			return err
		}
	}
	return r.feed()
}

// turn is how many subscribers have their turn between two looks at what is
// urgent.
const turn = 16

// hurry does what is urgent.
func (r *run) hurry() error {
	ready, err := r.urgent.wait(0)
	if err != nil || len(ready) == 0 {
		return err
	}
	for i := range ready {
		if err := r.handle(int(ready[i].Fd), ready[i].Events); err != nil {
			return err
		}
	}
	return r.feed()
}

// Ids of what is neither a subscriber nor a publisher.
const (
	timerID  = math.MinInt32
	urgentID = math.MinInt32 + 1
)

// handle does what is to be done about a descriptor.
func (r *run) handle(id int, events uint32) error {
	switch {
	case id == urgentID:
		return r.hurry()
	case id == timerID:
		r.timer.tick()
		return nil
	case id >= 0 && r.subs[id].mute && r.subs[id].state == running:
		return r.lost(id, 0)
	case id >= 0:
		return r.receive(id)
	}
	i := firstPublisher - id
	if events&writable != 0 {
		if err := r.flush(i); err != nil {
			return err
		}
	}
	if events&^writable != 0 {
		return r.hear(i)
	}
	return nil
}

// during steps for a time.
func (r *run) during(d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := r.step(); err != nil {
			return err
		}
	}
	return nil
}

// until steps until something is so. Where nothing comes of it for as long as
// the patience lasts, that is an error, which says what was waited for.
func (r *run) until(so func() bool, what string) error {
	progress, end := r.progress(), time.Now().Add(r.o.Patience)
	for !so() {
		if err := r.step(); err != nil {
			return err
		}
		if p := r.progress(); p != progress {
			progress, end = p, time.Now().Add(r.o.Patience)
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited %s for %s", r.o.Patience, what)
		}
	}
	return nil
}

// progress returns a number that grows whenever a subscriber gets something.
func (r *run) progress() int { return r.open + r.deliveries }

// connect opens the streams of all subscribers, some at a time.
func (r *run) connect(after string) error {
	for next := 0; r.open < len(r.subs); {
		for ; next < len(r.subs) && next-r.open < r.o.Connecting; next++ {
			if err := r.begin(next, after); err != nil {
				return err
			}
			if next%turn == 0 {
				if err := r.hurry(); err != nil {
					return err
				}
			}
		}
		before := r.open
		if err := r.until(func() bool { return r.open > before }, fmt.Sprintf("streams to begin, of which %d of %d did", r.open, len(r.subs))); err != nil {
			return err
		}
	}
	return nil
}

// settle is how long a server has, once all is connected, for what it does
// later.
const settle = 200 * time.Millisecond

// startPublishing lets publishers send.
func (r *run) startPublishing() error {
	r.publishing, r.feeding = true, time.Now()
	if r.o.Rate > 0 {
		r.rateBegan, r.dealt = r.now(), 0
		r.due = r.rateBegan
		if err := r.timer.every(max(time.Duration(1e9/r.o.Rate), shortestTick)); err != nil {
			return err
		}
	}
	return r.feed()
}

// shortestTick bounds how often the generator wakes only to send.
const shortestTick = 100 * time.Microsecond

// stopPublishing ends that, and waits until everything arrived.
func (r *run) stopPublishing() error {
	r.publishing = false
	if err := r.timer.every(0); err != nil {
		return err
	}
	err := r.until(func() bool { return r.outstanding == 0 && !r.unanswered() }, "the last events")
	if missing := r.judge.missing(); err != nil && missing != nil {
		return fmt.Errorf("%w: %w", err, missing)
	}
	return err
}

// unanswered reports whether a request has no answer yet.
func (r *run) unanswered() bool {
	for i := range r.pubs {
		if len(r.pubs[i].sent) > 0 {
			return true
		}
	}
	return false
}
