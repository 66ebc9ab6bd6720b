// Package jsonscan walks over the members of a JSON object, or the elements of
// an array, without decoding or copying what they hold. It is for reading two
// or three names out of a payload that is otherwise passed on as it came.
//
// Input should be valid JSON; callers check with [encoding/json.Valid] where
// that matters. The walk itself looks only at what it must to find where a
// value ends, so it reports some malformed input as a [*SyntaxError] and
// misses the rest, such as a misspelt literal or brackets that do not match
// inside a value. Whatever the input, it neither panics nor reads outside of
// it.
package jsonscan

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
)

// A Member is one name and value of an object. Both are parts of the input,
// with nothing decoded: Key is a string token with its quotes, to be read with
// [String] or [Equal], and Value is without surrounding space.
type Member struct {
	Key, Value []byte
}

// Members yields the members of the object that data holds, in their order.
// It yields a name that occurs twice twice: of these the last one counts, for
// JavaScript's JSON.parse as for encoding/json. An error, which is a
// *SyntaxError, ends it.
func Members(data []byte) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		s := scanner{data: data}
		err := s.each('{', '}', func() (bool, error) {
			m, err := s.member()
			return err == nil && yield(m, nil), err
		})
		if err != nil {
			yield(Member{}, err)
		}
	}
}

// Elements yields the elements of the array that data holds, in their order
// and without surrounding space. An error, which is a *SyntaxError, ends it.
func Elements(data []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := scanner{data: data}
		err := s.each('[', ']', func() (bool, error) {
			v, err := s.value()
			return err == nil && yield(v, nil), err
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// Pick walks over the object that data holds and sets values[i] to the raw
// value of the member whose name is names[i]. Values of names that do not
// occur are left alone; of a name that occurs twice the last one counts. Names
// are plain ASCII, and values is as long as names.
func Pick(data []byte, names []string, values [][]byte) error {
	for m, err := range Members(data) {
		if err != nil {
			return err
		}
		if i := find(names, m.Key); i >= 0 {
			values[i] = m.Value
		}
	}
	return nil
}

// find returns the index of the name that a key stands for, or -1.
func find(names []string, key []byte) int {
	if bytes.IndexByte(key, '\\') >= 0 {
		return slices.IndexFunc(names, func(name string) bool { return Equal(key, name) })
	}
	body := key[1 : len(key)-1]
	for i, name := range names {
		if string(body) == name {
			return i
		}
	}
	return -1
}

// A SyntaxError says where a walk could not go on.
type SyntaxError struct {
	Offset int    // in bytes from the start of the input
	Want   string // what could have stood there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("malformed JSON at byte %d: want %s", e.Offset, e.Want)
}
