package jsonscan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

func TestDepthCostsNoStack(t *testing.T) {
	deep := strings.Repeat(`[{"a":`, 1<<20)
	if got := members(`{"a":` + deep); !strings.Contains(got, "byte 5: want a complete value") {
		t.Errorf("got %.80s", got)
	}
	whole := deep + "1" + strings.Repeat("}]", 1<<20)
	if got := members(`{"a":` + whole + `}`); got != `"a"=`+whole {
		t.Errorf("got %d bytes, want %d", len(got), len(whole)+4)
	}
}

// The walk looks through the start of a string in one way and the rest in
// another: escapes must be seen wherever they stand.
func TestStringsEndWhereTheyDoAtEveryLength(t *testing.T) {
	for n := range 40 {
		for _, tail := range []string{``, `\"`, `\\`, `\\\"`, `\"\\`, `\u0022\"`} {
			token := `"` + strings.Repeat("x", n) + tail + `"`
			in := fmt.Sprintf(`{%s:[%s,{}],"b":%s}`, token, token, token)
			if got, want := members(in), fmt.Sprintf(`%s=[%s,{}] "b"=%s`, token, token, token); got != want {
				t.Errorf("Members(%s):\n got %s\nwant %s", in, got, want)
			}
		}
	}
}

func TestWalksAllocateNothing(t *testing.T) {
	data := []byte(`{"a":{"b":[1]},"thr\u0065adId":"x","c":null}`)
	names := []string{"threadId", "c"}
	allocs := testing.AllocsPerRun(100, func() {
		var v [2][]byte
		if err := jsonscan.Pick(data, names, v[:]); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}
