package tidings

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestTimelineAgainstASlice is white-box: holes and chunks are nobody else's
// business, and the places where they go wrong are many.
func TestTimelineAgainstASlice(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var line timeline
		var model []uint64
		for seq := uint64(1); seq < 3000; seq += 1 + rng.Uint64N(3) {
			line.add(&Event{ID: ID{1, seq}})
			model = append(model, seq)
			for len(model) > 0 && rng.IntN(100) < int(seed*2) {
				i := rng.IntN(len(model)) * rng.IntN(2)
				line.remove(model[i])
				model = slices.Delete(model, i, i+1)
			}
			if rng.IntN(50) == 0 {
				sameTimeline(t, &line, model, rng.Uint64N(seq+2))
			}
		}
		for _, seq := range model {
			line.remove(seq)
		}
		if line.chunks != nil || line.live != 0 {
			t.Fatalf("seed %d: %d chunks, %d live after all were removed", seed, len(line.chunks), line.live)
		}
	}
}

// sameTimeline compares every way to look at a timeline with the model.
func sameTimeline(t *testing.T, line *timeline, model []uint64, from uint64) {
	t.Helper()
	var after, backward []uint64
	for e := range line.after(from) {
		after = append(after, e.ID.seq)
	}
	for e := range line.before(1 << 62) {
		backward = append(backward, e.ID.seq)
	}
	i, has := slices.BinarySearch(model, from)
	var before []uint64
	for e := range line.before(from) {
		before = append(before, e.ID.seq)
	}
	slices.Reverse(before)
	if from > 0 && !slices.Equal(before, model[:i]) {
		t.Fatalf("before %d: got %v, want %v", from, before, model[:i])
	}
	if has {
		i++
	}
	slices.Reverse(backward)
	if !slices.Equal(after, model[i:]) || !slices.Equal(backward, model) || line.live != len(model) {
		t.Fatalf("after %d: got %v, want %v", from, after, model[i:])
	}
	if e := line.get(from); (e != nil) != has || has && e.ID.seq != from {
		t.Fatalf("get(%d) returned %v", from, e)
	}
	if e := line.front(); (e == nil) != (len(model) == 0) || e != nil && e.ID.seq != model[0] {
		t.Fatalf("front is %v", e)
	}
	if slots := countSlots(line); slots > 4*len(model)+2*chunkSlots {
		t.Fatalf("%d slots for %d events", slots, len(model))
	}
}

func countSlots(line *timeline) int {
	n := 0
	for _, c := range line.chunks {
		n += len(c.slots)
	}
	return n
}

func TestTableGivesMemoryBack(t *testing.T) {
	var table table[int, int]
	for i := range 100_000 {
		table.put(i, i)
	}
	for i := range 99_000 {
		table.remove(i)
	}
	for i := range table.shards {
		if s := &table.shards[i]; s.peak > max(shrinkFrom, 4*len(s.entries)) {
			t.Errorf("shard %d is made for %d and has %d", i, s.peak, len(s.entries))
		}
	}
	for i := 99_000; i < 100_000; i++ {
		if v, ok := table.get(i); !ok || v != i {
			t.Fatalf("lost %d", i)
		}
	}
}

// TestShortTimelinesHoldLittle has many that were long and are not any more.
func TestShortTimelinesHoldLittle(t *testing.T) {
	const many, long = 2000, 250
	lines := make([]timeline, many)
	before := heapInUse()
	for i := range lines {
		for seq := range uint64(long) {
			lines[i].add(&Event{ID: ID{1, seq + 1}})
		}
		for seq := range uint64(long - 1) {
			lines[i].remove(seq + 1)
		}
	}
	if each := (heapInUse() - before) / many; each > 1000 {
		t.Errorf("%d bytes for a timeline of one event", each)
	}
	runtime.KeepAlive(lines)
}

// heapInUse returns the bytes in use after a collection.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
