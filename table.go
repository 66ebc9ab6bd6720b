package tidings

import (
	"hash/maphash"
	"iter"
	"maps"
)

// A table is a map that gives memory back: Go's maps never shrink. It is cut
// into shards so that making one smaller is quick. The zero table is empty;
// its owner's lock guards it.
type table[K comparable, V any] struct {
	shards [tableShards]shard[K, V]
	count  int
}

type shard[K comparable, V any] struct {
	entries map[K]V
	peak    int // most entries since the map was made
}

const tableShards = 64

// shrinkFrom is the size below which a sparse shard is left alone.
const shrinkFrom = 32

var tableSeed = maphash.MakeSeed()

func (t *table[K, V]) shard(key K) *shard[K, V] {
	return &t.shards[maphash.Comparable(tableSeed, key)%tableShards]
}

// get returns the value of a key, and whether there is one.
func (t *table[K, V]) get(key K) (V, bool) {
	v, ok := t.shard(key).entries[key]
	return v, ok
}

// put sets the value of a key that has none.
func (t *table[K, V]) put(key K, value V) {
	s := t.shard(key)
	if s.entries == nil {
		s.entries = make(map[K]V)
	}
	s.entries[key] = value
	s.peak = max(s.peak, len(s.entries))
	t.count++
}

// remove forgets a key that is there.
func (t *table[K, V]) remove(key K) {
	s := t.shard(key)
	delete(s.entries, key)
	t.count--
	switch n := len(s.entries); {
	case n == 0:
		*s = shard[K, V]{}
	case s.peak > shrinkFrom && n*4 < s.peak:
		smaller := make(map[K]V, n)
		maps.Copy(smaller, s.entries)
		*s = shard[K, V]{smaller, n}
	}
}

// all yields every entry, in no order.
func (t *table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := range t.shards {
			for k, v := range t.shards[i].entries {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}
