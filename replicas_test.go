package tidings_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// Two hubs over one log are what two processes over one database are.

// onReplicas runs a test on two hubs over one log, in a bubble of time.
func onReplicas(t *testing.T, test func(t *testing.T, log *tidingstest.SliceLog, hubs [2]*tidings.Hub)) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		hubs := [2]*tidings.Hub{newHub(t, log, nil), newHub(t, log.Replica(), nil)}
		defer hubs[0].Close()
		defer hubs[1].Close()
		synctest.Wait()
		test(t, log, hubs)
	})
}

func TestReplicasDeliverEveryEventOnceInOneOrder(t *testing.T) {
	onReplicas(t, func(t *testing.T, _ *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		const publishers, each = 20, 25
		selectors := []tidings.Selector{{User: "u"}, {User: "u", Sessions: []string{"s1"}}, {Everyone: true}}
		var subs [][2]*tidings.Subscription
		for _, sel := range selectors {
			subs = append(subs, [2]*tidings.Subscription{subscribe(t, hubs[0], sel, tidings.Live), subscribe(t, hubs[1], sel, tidings.Live)})
		}
		var wg sync.WaitGroup
		for p := range publishers {
			wg.Go(func() {
				for i := range each {
					publishOne(t, hubs[p%2], event("u", fmt.Sprint("s", p%3), fmt.Sprint(p*each+i)))
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		for i, pair := range subs {
			first, second := readAll(t, pair[0]), readAll(t, pair[1])
			if !slices.Equal(first, second) {
				t.Errorf("%+v: the replicas differ in order", selectors[i])
			}
			slices.Sort(first)
			if n := len(first); n != len(slices.Compact(first)) || n != publishers*each && i != 1 || n == 0 {
				t.Errorf("%+v: got %d events, with some twice or missing", selectors[i], n)
			}
			pair[0].Close()
			pair[1].Close()
		}
	})
}

func TestEveryChannelReachesTheOtherReplica(t *testing.T) {
	onReplicas(t, func(t *testing.T, _ *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		want := map[string]string{"agui": "[1]", "a2a": "[2]", "contexts": "[1 2 3]", "analytics": "[4]"}
		subs := map[string][]*tidings.Subscription{}
		for name := range want {
			stream, _ := hubs[0].Router().Stream(name)
			for _, hub := range hubs {
				sub := subscribe(t, hub, stream.Of("u"), tidings.Live)
				defer sub.Close()
				subs[name] = append(subs[name], sub)
			}
		}
		for i, channel := range []tidings.Channel{tidings.AGUI, tidings.A2A, tidings.System, tidings.Analytics} {
			publishOne(t, hubs[0], tidings.Event{User: "u", Channel: channel, Data: fmt.Append(nil, i+1)})
		}
		synctest.Wait()
		for name, both := range subs {
			for i, sub := range both {
				if got := fmt.Sprint(readAll(t, sub)); got != want[name] {
					t.Errorf("%s on replica %d: got %s, want %s", name, i, got, want[name])
				}
			}
		}
	})
}

// What another program put into the log, or a replica of another version, is
// no reason to stop.
func TestAReplicaGoesOnPastWhatItDoesNotKnow(t *testing.T) {
	onReplicas(t, func(t *testing.T, log *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		sub := subscribe(t, hubs[1], tidings.Selector{User: "u", Channels: []tidings.Channel{tidings.AGUI}}, tidings.Live)
		defer sub.Close()
		_, err := log.Append(t.Context(), []tidings.Event{
			{User: "u", Channel: "of.a.later.version", Data: []byte("1")}, {User: "u", Channel: "tidings.own", Data: []byte("2")},
		})
		if err != nil {
			t.Fatal(err)
		}
		publishNumbers(t, hubs[0], "u", "s", 3, 4)
		synctest.Wait()
		if got, want := readAll(t, sub), numbers(3, 4); !slices.Equal(got, want) || hubs[1].Stats().Tail != nil {
			t.Errorf("got %v, want %v, and tail %v", got, want, hubs[1].Stats().Tail)
		}
	})
}

// A publisher whose answer was lost asks another replica.
func TestARetryOnAnotherReplicaIsDeliveredOnce(t *testing.T) {
	onReplicas(t, func(t *testing.T, log *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		var subs []*tidings.Subscription
		for _, hub := range hubs {
			subs = append(subs, subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Live))
			defer subs[len(subs)-1].Close()
		}
		log.Answers.Hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := hubs[0].Publish(ctx, keyed("u", "k", "1")); !errors.Is(err, tidings.ErrUnknownOutcome) {
			t.Errorf("got %v, want ErrUnknownOutcome", err)
		}
		if r := publishOne(t, hubs[1], keyed("u", "k", "1")); !r.Duplicate {
			t.Errorf("the retry got %+v", r)
		}
		log.Answers.Release()
		synctest.Wait()
		for i, sub := range subs {
			if got := readAll(t, sub); !slices.Equal(got, numbers(1, 1)) {
				t.Errorf("replica %d: got %v, want the event once", i, got)
			}
		}
	})
}

func TestReceiptsCountTheSubscribersOfTheirReplica(t *testing.T) {
	onReplicas(t, func(t *testing.T, _ *tidingstest.SliceLog, hubs [2]*tidings.Hub) {
		for i, n := range []int{1, 3} {
			for range n {
				sub := subscribe(t, hubs[i], tidings.Selector{User: "u"}, tidings.Live)
				defer sub.Close()
			}
		}
		for i, want := range []int{1, 3} {
			if got := publishOne(t, hubs[i], event("u", "s", "1")).Subscribers; got != want {
				t.Errorf("replica %d counts %d, want %d", i, got, want)
			}
			if got := publishOne(t, hubs[i], event("nobody", "s", "1")).Subscribers; got != 0 {
				t.Errorf("replica %d counts %d for somebody else", i, got)
			}
		}
	})
}

// A countingLog counts how often it is asked.
type countingLog struct {
	tidings.Log
	appends, reads, tails *atomic.Int32
}

func counting(log tidings.Log) countingLog {
	return countingLog{log, new(atomic.Int32), new(atomic.Int32), new(atomic.Int32)}
}

func (l countingLog) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	l.appends.Add(1)
	return l.Log.Append(ctx, events)
}

func (l countingLog) Read(ctx context.Context, sel tidings.Selector, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	l.reads.Add(1)
	return l.Log.Read(ctx, sel, after)
}

func (l countingLog) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	l.tails.Add(1)
	return l.Log.Tail(ctx, after)
}

// asked shows how often the log was asked.
func (l countingLog) asked() string {
	return fmt.Sprintf("%d appends, %d reads, %d tails", l.appends.Load(), l.reads.Load(), l.tails.Load())
}

// What a log pays depends neither on the subscribers nor, on other replicas, on
// the events.
func TestLiveEventsCostTheLogOneAppendAndNoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		here, there := counting(log), counting(log.Replica())
		publisher, other := newHub(t, here, nil), newHub(t, there, nil)
		defer publisher.Close()
		defer other.Close()
		var subs []*tidings.Subscription
		for i := range 100 {
			subs = append(subs, subscribe(t, []*tidings.Hub{publisher, other}[i%2], tidings.Selector{User: "u"}, tidings.Live))
			defer subs[i].Close()
		}
		synctest.Wait()
		var batch []tidings.Event
		for i := range 50 {
			batch = append(batch, event("u", "s", fmt.Sprint(i)), event("nobody", "s", "0"))
		}
		publish(t, publisher, batch...)
		synctest.Wait()
		for _, sub := range subs {
			if got, want := readAll(t, sub), numbers(0, 49); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
		if got, want := here.asked()+"; "+there.asked(), "1 appends, 0 reads, 1 tails; 0 appends, 0 reads, 1 tails"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestThoseWhoPublishMeanwhileCostOneAppendMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := tidingstest.NewSliceLog(nil)
		log := counting(slow)
		hub := newHub(t, log, nil)
		defer hub.Close()
		slow.Appends.Hold()
		var publishers sync.WaitGroup
		publishers.Go(func() { publishOne(t, hub, event("u", "s", "0")) })
		synctest.Wait() // its append is under way
		for i := range 100 {
			publishers.Go(func() { publishOne(t, hub, event("u", "s", fmt.Sprint(i))) })
		}
		synctest.Wait()
		slow.Appends.Release()
		publishers.Wait()
		if got := log.appends.Load(); got != 2 {
			t.Errorf("%d appends, want 2", got)
		}
	})
}

// Positions are ordered by the log, whatever its clock does, and good on every
// replica and after a restart.
func TestAClockThatGoesBackLosesAndRepeatsNothing(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { now = now.Add(-time.Hour); return now }
	log := tidingstest.NewSliceLog(&tidingstest.SliceOptions{Now: clock})
	hub := newHub(t, log, nil)
	ids := publishNumbers(t, hub, "u", "s", 0, 19)
	read(t, subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest), 20) // the tail has brought them
	restarted := newHub(t, log.Replica(), nil)
	for i, id := range ids[:19] {
		for name, on := range map[string]*tidings.Hub{"here": hub, "after a restart": restarted} {
			sub := subscribe(t, on, tidings.Selector{User: "u"}, tidings.After(id))
			if got, want := read(t, sub, 19-i), numbers(i+1, 19); !slices.Equal(got, want) {
				t.Errorf("after %d, %s: got %v, want %v", i, name, got, want)
			}
			sub.Close()
		}
	}
}
