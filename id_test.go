package tidings_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
)

func TestIDsThatAreNone(t *testing.T) {
	for _, s := range []string{
		"", "-", "1", "1-", "-1", "0-1", "01-1", "1-01", "+1-1", "1-+1", " 1-1", "1-1 ", "1-1-1", "1_000-1", "0x1-1",
		"9223372036854775808-1", "1-18446744073709551616", "1-1\n", "１-1", "1.0-1", strings.Repeat("1", 1000) + "-1",
	} {
		if id, err := tidings.ParseID(s); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%q: got %v, error %v", s, id, err)
		}
	}
}

func TestIDOrder(t *testing.T) {
	early, late := tidings.NewID(time.Unix(9, 0), 1), tidings.NewID(time.Unix(5, 0), 2)
	if early.Compare(late) != -1 || late.Compare(early) != 1 || early.Compare(early) != 0 {
		t.Error("seq alone orders")
	}
}

func TestIDText(t *testing.T) {
	id := tidings.NewID(time.Unix(1763672400, 5), 42)
	if got, want := id.String(), "1763672400000000005-42"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	text, err := json.Marshal(struct{ A, B tidings.ID }{A: id})
	if got, want := string(text), `{"A":"1763672400000000005-42","B":""}`; got != want || err != nil {
		t.Errorf("got %s, want %s, error %v", got, want, err)
	}
	var back struct{ A, B tidings.ID }
	if err := json.Unmarshal(text, &back); err != nil || back.A != id || !back.B.IsZero() {
		t.Errorf("got back %+v, error %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"x"}`), &back); !errors.Is(err, tidings.ErrInvalid) {
		t.Errorf("got error %v", err)
	}
	if !back.B.Time().IsZero() || !id.Time().Equal(time.Unix(1763672400, 5)) {
		t.Error("wrong times")
	}
}

// FuzzParseID holds that what is accepted is exactly what String writes.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"1763672400000000000-42", "1-0", "0-0", "-1-1", "1--1", "", "9223372036854775807-18446744073709551615"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := tidings.ParseID(s)
		if err == nil && id.String() != s {
			t.Errorf("%q was read as %s", s, id)
		}
		if err != nil && !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%q: error %v", s, err)
		}
	})
}
