package tidingstest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

type (
	batches = iter.Seq2[tidings.Batch, error]
	yield   = func(tidings.Batch, error) bool
)

var breakages = slices.Concat(appendBreakages, keyBreakages, readBreakages, tailBreakages, endBreakages, lossBreakages, purgeBreakages, recallBreakages)

var appendBreakages = []breakage{
	{"ReceiptsAreWhereReadFindsTheEvents", "receipts in another order", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			slices.Reverse(receipts)
			return receipts, err
		}
	})},
	{"AppendLeavesItsInputAlone", "sets the positions", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			for i, r := range receipts {
				events[i].ID = r.ID
			}
			return receipts, err
		}
	})},
	{"AppendLeavesItsInputAlone", "holds on to it", func(testing.TB) func(*broken) {
		held := make(map[tidings.ID]*tidings.Event)
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				for i, r := range receipts {
					held[r.ID] = &events[i]
				}
				return receipts, err
			}
			l.reads(func(e *tidings.Event) { e.User, e.Data = held[e.ID].User, held[e.ID].Data })
		}
	}},
	{"EveryFieldComesBack", "reads no Trace", alone(func(l *broken) {
		l.reads(func(e *tidings.Event) { e.Trace = "" })
	})},
	{"EveryFieldComesBack", "tails no Key", alone(func(l *broken) {
		l.tail = func(ctx context.Context, after tidings.ID) batches {
			return each(l.SliceLog.Tail(ctx, after), func(e *tidings.Event) { e.Key = "" })
		}
	})},
	{"NamesAreNotPatterns", "ignores case", alone(func(l *broken) {
		l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
			all := tidings.Selector{Everyone: true, Channels: append(sel.Channels, tidings.System), Sessions: sel.Sessions, Types: sel.Types}
			return only(l.SliceLog.Read(ctx, all, after), func(e *tidings.Event) bool {
				return sel.Everyone || strings.EqualFold(e.User, sel.User)
			})
		}
	})},
	{"PayloadsComeBackVerbatim", "encodes again", alone(func(l *broken) {
		l.reads(func(e *tidings.Event) {
			var b bytes.Buffer
			if json.Compact(&b, e.Data) == nil {
				e.Data = b.Bytes()
			}
		})
	})},
	{"TheLargestBatchIsKeptInOrder", "sends the halves the other way round", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			n := len(events)
			if n <= 500 {
				return l.SliceLog.Append(ctx, events)
			}
			last, err := l.SliceLog.Append(ctx, events[n/2:])
			first, _ := l.SliceLog.Append(ctx, events[:n/2])
			return append(first, last...), err
		}
	})},
	{"AnEmptyBatchChangesNothing", "refuses it", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			if len(events) == 0 {
				return nil, errors.New("no events")
			}
			return l.SliceLog.Append(ctx, events)
		}
	})},
	{"ConcurrentAppendersShareOneOrder", "tears batches", alone(func(l *broken) { l.append = l.oneByOne })},
	{"ConcurrentAppendersShareOneOrder", "appends a batch twice", func(testing.TB) func(*broken) {
		var calls atomic.Int64
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				if calls.Add(1) == 20 {
					receipts, err = l.SliceLog.Append(ctx, events)
				}
				return receipts, err
			}
		}
	}},
	{"ABatchThatFailsMidwayIsKeptWholeOrNotAtAll", "keeps the first half", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			if err != nil {
				l.SliceLog.Append(ctx, events[:len(events)/2])
			}
			return receipts, err
		}
	})},
	{"ABatchThatFailsMidwayIsKeptWholeOrNotAtAll", "keeps it and says no", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			if err != nil {
				l.SliceLog.Append(ctx, events)
			}
			return receipts, err
		}
	})},
}

// oneByOne appends events one at a time, with others in between.
func (l *broken) oneByOne(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	var all []tidings.Receipt
	for i := range events {
		receipts, err := l.SliceLog.Append(ctx, events[i:i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, receipts...)
		time.Sleep(time.Nanosecond)
	}
	return all, nil
}

// reads changes what Read and Tail yield.
func (l *broken) reads(change func(*tidings.Event)) {
	l.read = func(ctx context.Context, sel tidings.Selector, after tidings.ID) batches {
		return each(l.SliceLog.Read(ctx, sel, after), change)
	}
	l.tail = func(ctx context.Context, after tidings.ID) batches {
		return each(l.SliceLog.Tail(ctx, after), change)
	}
}

// each changes the events of a sequence.
func each(seq batches, change func(*tidings.Event)) batches {
	return func(yield yield) {
		for b, err := range seq {
			for i := range b.Events {
				change(&b.Events[i])
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// only leaves some events of a sequence.
func only(seq batches, keep func(*tidings.Event) bool) batches {
	return func(yield yield) {
		for b, err := range seq {
			b.Events = slices.DeleteFunc(b.Events, func(e tidings.Event) bool { return !keep(&e) })
			if !yield(b, err) {
				return
			}
		}
	}
}

// keyed gives the log other keys than the callers', which they do not see.
func (l *broken) keyed(key func(i int, e *tidings.Event, events []tidings.Event) string) {
	l.reads(func(e *tidings.Event) { e.Key, _, _ = strings.Cut(e.Key, "\x00") })
	l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
		other := slices.Clone(events)
		for i := range other {
			if suffix := key(i, &events[i], events); suffix != "" {
				other[i].Key += "\x00" + suffix
			}
		}
		return l.SliceLog.Append(ctx, other)
	}
}

// remembered has the log answer for keys from a map that it shares with
// others.
func (l *broken) remembered(known map[string]tidings.ID, name func(*tidings.Event) string) {
	l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
		if len(events) > 1 {
			return l.SliceLog.Append(ctx, events)
		}
		if id, ok := known[name(&events[0])]; ok {
			return []tidings.Receipt{{ID: id, Duplicate: true}}, nil
		}
		receipts, err := l.SliceLog.Append(ctx, events)
		if err == nil && events[0].Key != "" {
			known[name(&events[0])] = receipts[0].ID
		}
		return receipts, err
	}
}

var keyBreakages = []breakage{
	{"AKeyIsAppendedOnce", "forgets keys", func(testing.TB) func(*broken) {
		n := 0
		return func(l *broken) {
			l.keyed(func(int, *tidings.Event, []tidings.Event) string { n++; return fmt.Sprint(n) })
		}
	}},
	{"AKeyIsAppendedOnce", "remembers keys in the process", func(testing.TB) func(*broken) {
		process := 0
		return func(l *broken) {
			process++
			name := fmt.Sprint(process)
			l.keyed(func(int, *tidings.Event, []tidings.Event) string { return name })
		}
	}},
	{"AKeyIsAppendedOnce", "answers with the head", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			for i := range receipts {
				if receipts[i].Duplicate {
					_, receipts[i].ID, _ = l.SliceLog.Bounds(ctx)
				}
			}
			return receipts, err
		}
	})},
	{"AKeyIsAppendedOnce", "does not say so", alone(func(l *broken) {
		l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
			receipts, err := l.SliceLog.Append(ctx, events)
			for i := range receipts {
				receipts[i].Duplicate = false
			}
			return receipts, err
		}
	})},
	{"AKeyIsAppendedOnceWhateverElseDiffers", "a key for each channel", alone(func(l *broken) {
		l.keyed(func(_ int, e *tidings.Event, _ []tidings.Event) string { return string(e.Channel) })
	})},
	{"AKeyTwiceInABatchIsAppendedOnce", "looks only at earlier batches", alone(func(l *broken) {
		l.keyed(func(i int, e *tidings.Event, events []tidings.Event) string {
			same := func(o tidings.Event) bool { return o.Key == e.Key }
			if slices.ContainsFunc(events[:i], same) {
				return fmt.Sprint(i)
			}
			return ""
		})
	})},
	{"AKeyIsAppendedOnceByConcurrentAppenders", "looks before it leaps", func(testing.TB) func(*broken) {
		var seen sync.Map
		var n atomic.Int64
		return func(l *broken) {
			l.keyed(func(_ int, e *tidings.Event, _ []tidings.Event) string {
				_, known := seen.Load(e.Key)
				time.Sleep(time.Nanosecond)
				if seen.Store(e.Key, true); known {
					return ""
				}
				return fmt.Sprint(n.Add(1))
			})
		}
	}},
	{"AKeyIsItsOwnersAlone", "a key for all owners", func(testing.TB) func(*broken) {
		known := make(map[string]tidings.ID)
		return func(l *broken) { l.remembered(known, func(e *tidings.Event) string { return e.Key }) }
	}},
	{"AKeyIsItsOwnersAlone", "joins owner and key", func(testing.TB) func(*broken) {
		known := make(map[string]tidings.ID)
		return func(l *broken) { l.remembered(known, func(e *tidings.Event) string { return e.User + "/" + e.Key }) }
	}},
	{"EventsWithoutKeyAreNeverDuplicates", "the payload is a key", alone(func(l *broken) {
		l.keyed(func(_ int, e *tidings.Event, _ []tidings.Event) string { return string(e.Data) })
	})},
	{"AfterTheKeyWindowAKeyIsNew", "remembers for ever", func(testing.TB) func(*broken) {
		known := make(map[string]tidings.ID)
		return func(l *broken) { l.remembered(known, func(e *tidings.Event) string { return e.User + "\x00" + e.Key }) }
	}},
	{"AKeyOutlivesItsEvent", "forgets keys with their events", func(testing.TB) func(*broken) {
		n := 0
		return func(l *broken) {
			l.append = func(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
				receipts, err := l.SliceLog.Append(ctx, events)
				floor, _, _ := l.SliceLog.Bounds(ctx)
				if err == nil && receipts[0].ID.Compare(floor) <= 0 {
					n++
					other := events[0]
					other.Key += fmt.Sprint(n)
					return l.SliceLog.Append(ctx, []tidings.Event{other})
				}
				return receipts, err
			}
		}
	}},
}
