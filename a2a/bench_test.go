package a2a_test

import (
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/a2a"
)

const (
	taskID    = "b3c73564-28a4-4a59-b3f4-6ca600d25b17"
	contextID = "019c336b-ed8c-7781-bf2c-3eee090f2f2a"
)

// realistic gives an event ids of the usual length.
func realistic(event string) []byte {
	return []byte(strings.NewReplacer(`"k"`, `"`+taskID+`"`, `"c"`, `"`+contextID+`"`).Replace(event))
}

// What a hub pays for each event besides checking that it is JSON.
func BenchmarkPeek(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"1.0", statusUpdate}, {"0.3", statusUpdate03}, {"jsonrpc", `{"jsonrpc":"2.0","id":1,"result":` + statusUpdate + `}`},
	} {
		data := realistic(bb.in)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := a2a.Peek(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
