package embedded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tidings-dev/tidings"
)

// FuzzBlocks looks at files in which anything may be. Whatever is found is in the
// file.
func FuzzBlocks(f *testing.F) {
	dir := f.TempDir()
	l, err := Open(f.Context(), dir, nil)
	if err != nil {
		f.Fatal(err)
	}
	event := tidings.Event{User: "alice", Channel: tidings.System, Data: []byte("1")}
	if _, err := l.Append(f.Context(), []tidings.Event{event, event}); err != nil {
		f.Fatal(err)
	}
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	blocks, err := filepath.Glob(filepath.Join(dir, "nats/jetstream/*/streams/TIDINGS/msgs/*.blk"))
	if err != nil || len(blocks) != 1 {
		f.Fatal(blocks, err)
	}
	block, err := os.ReadFile(blocks[0])
	if err != nil {
		f.Fatal(err)
	}
	asBucket := bucketHash("streams/KV_x/msgs/1.blk")
	if _, ok := checkBlock(block, nil); !ok {
		f.Error("a block that is well is damaged")
	}
	if _, ok := checkBlock(block, asBucket); ok {
		f.Error("a block of another stream has the checksums of a bucket")
	}
	f.Add(block)
	f.Add([]byte{22, 0, 0, 0})
	f.Fuzz(func(t *testing.T, block []byte) {
		for _, h := range []hash{nil, asBucket} {
			if at, ok := checkBlock(block, h); at < 0 || at > len(block) || !ok && at == len(block) {
				t.Errorf("damaged at %d of %d: %v", at, len(block), !ok)
			}
		}
	})
}
