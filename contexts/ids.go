package contexts

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

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

// hash is FNV-1a, which is the same in every process: checkpoints and snapshots
// hold hashes.
func hash[T ~string | ~[]byte](id T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// appendText appends the hashes in base64.
func (s ids) appendText(dst []byte) []byte {
	var raw [8 * idsLimit]byte
	for i, h := range s {
		binary.BigEndian.PutUint64(raw[8*i:], h)
	}
	return base64.RawStdEncoding.AppendEncode(dst, raw[:8*len(s)])
}

// readIDs reads what appendText appended, and reports whether it is that.
func readIDs(text string) (hashes ids, ok bool) {
	all, err := base64.RawStdEncoding.Strict().DecodeString(text)
	whole := len(text) == base64.RawStdEncoding.EncodedLen(len(all)) // else there are line breaks
	if err != nil || !whole || len(all)%8 != 0 || len(all) > 8*idsLimit {
		return nil, false
	}
	for ; len(all) > 0; all = all[8:] {
		hashes = append(hashes, binary.BigEndian.Uint64(all))
	}
	return hashes, true
}
