package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
)

// at returns a recording of events at these times.
func at(times ...time.Duration) *recording {
	r := new(recording)
	for i, d := range times {
		r.events = append(r.events, recorded{tidings.Event{Data: fmt.Append(nil, i)}, d})
	}
	return r
}

// played returns when a recording's events were sent, one batch a line.
func played(t *testing.T, p pace, r *recording) string {
	t.Helper()
	var log strings.Builder
	start := time.Now()
	err := p.play(t.Context(), r, func(batch []tidings.Event) error {
		fmt.Fprint(&log, time.Since(start))
		for i := range batch {
			fmt.Fprintf(&log, " %s", batch[i].Data)
		}
		log.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return log.String()
}

func TestEventsArePlayedWhenTheyHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ms = time.Millisecond
		r := at(0, 0, 10*ms, 10*ms, 4*time.Second)
		for s, want := range map[speed]string{
			1:                  "0s 0 1\n10ms 2 3\n4s 4\n",
			10:                 "0s 0 1\n1ms 2 3\n400ms 4\n",
			0.5:                "0s 0 1\n20ms 2 3\n8s 4\n",
			speed(math.Inf(1)): "0s 0 1 2 3 4\n",
		} {
			if got := played(t, newPace(s, 0), r); got != want {
				t.Errorf("at %v:\n%swant\n%s", s, got, want)
			}
		}
	})
}

func TestASlowServerIsCaughtUpWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		p := newPace(1, 0)
		err := p.play(t.Context(), at(0, time.Second, 2*time.Second, 3*time.Second, 9*time.Second), func(batch []tidings.Event) error {
			sizes = append(sizes, len(batch))
			time.Sleep(2500 * time.Millisecond)
			return nil
		})
		if got := fmt.Sprint(sizes); err != nil || got != "[1 2 1 1]" {
			t.Errorf("batches %s, %v", got, err)
		}
	})
}

func TestARateIsSharedAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1, 100)
		r := at(make([]time.Duration, 500)...)
		start := time.Now()
		played(t, p, r)
		played(t, p, r)
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("1000 events at 100/s took %v", took)
		}
	})
}

func TestPlayingStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		for _, p := range []pace{newPace(1, 0), newPace(1, 0.01)} {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(why) })
			sent := 0
			err := p.play(ctx, at(0, time.Hour), func([]tidings.Event) error { sent++; return nil })
			if err == nil || sent != 1 {
				t.Errorf("%d batches, %v", sent, err)
			}
		}
		refused := errors.New("refused")
		p := newPace(1, 0)
		if err := p.play(t.Context(), at(0), func([]tidings.Event) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	p := newPace(speed(math.Inf(1)), 0)
	largest := 0
	r := at(make([]time.Duration, 1200)...)
	r.events[0].Data = make([]byte, mostBytes)
	err := p.play(t.Context(), r, func(batch []tidings.Event) error {
		if len(batch) > 1 && len(batch[0].Data) == mostBytes {
			t.Error("a large event is not alone")
		}
		largest = max(largest, len(batch))
		return nil
	})
	if err != nil || largest != mostEvents {
		t.Errorf("largest batch %d, %v", largest, err)
	}
}

func FuzzSpeed(f *testing.F) {
	for _, s := range []string{"1x", "10", "0.5x", "max", "", "x", "-1x", "NaN", "Inf", "1e300x", "0x1p-2x", "1xx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again speed
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if !(s >= 0.001) || s > 1e6 && !math.IsInf(float64(s), 1) {
			t.Errorf("%q is %v", text, float64(s))
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%q reads back as %v, %v", s, again, err)
		}
	})
}
