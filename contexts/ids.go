package contexts

import "slices"

// idsLimit is how many ids of messages, and how many of tasks, a context
// remembers.
const idsLimit = 16

// ids remembers the ids that were seen last, newest first, by their hashes.
type ids []uint64

// add makes id the newest and reports whether it was not remembered.
func (s *ids) add(id string) bool {
	h := hash(id)
	i := slices.Index(*s, h)
	if i == 0 {
		return false
	}
	fresh := i < 0
	if fresh {
		if len(*s) < idsLimit {
			*s = append(*s, 0)
		}
		i = len(*s) - 1
	}
	copy((*s)[1:i+1], (*s)[:i])
	(*s)[0] = h
	return fresh
}

// hash is FNV-1a, which is the same in every process: a checkpoint holds hashes.
func hash[T ~string | ~[]byte](id T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}
