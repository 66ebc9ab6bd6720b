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
	file, err := os.ReadFile(blocks[0])
	if err != nil {
		f.Fatal(err)
	}
	if b := (block{stream: "TIDINGS", bytes: file}); !b.check("1") || len(b.there) != 1 || b.there[0] != [2]uint64{1, 2} {
		f.Errorf("got %+v, want the places 1 and 2", b)
	}
	if b := (block{stream: "KV_x", bytes: file}); b.check("1") {
		f.Error("a block of another stream has the checksums of a bucket")
	}
	f.Add(file)
	f.Add([]byte{22, 0, 0, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, stream := range []string{"TIDINGS", "KV_x"} {
			b := block{stream: stream, bytes: file}
			if ok := b.check("1"); b.at > len(file) || !ok && b.at == len(file) {
				t.Errorf("damaged at %d of %d: %v", b.at, len(file), !ok)
			}
			for _, gap := range between(b.there) {
				if gap[0] > gap[1] {
					t.Errorf("a gap from %d to %d", gap[0], gap[1])
				}
			}
		}
	})
}
