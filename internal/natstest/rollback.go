package natstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Rollback takes away what a stream has after a sequence, as when an older copy of
// its files was put back. The server in whose directory they are must not run.
func Rollback(t testing.TB, dir, stream string, to uint64) {
	t.Helper()
	messages := filepath.Join(dir, "jetstream", "$G", "streams", stream, "msgs")
	blocks, err := filepath.Glob(filepath.Join(messages, "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("there are %d files of messages in %s, %v", len(blocks), messages, err)
	}
	for _, block := range blocks {
		if err := cut(block, to); err != nil {
			t.Fatal(err)
		}
	}
	// What it knew of the files; without that it reads them.
	if err := os.Remove(filepath.Join(messages, "index.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// cut ends a file of messages before the first after a sequence. Each begins with
// its length, whose highest bit says that it has headers, and its sequence.
func cut(block string, to uint64) error {
	b, err := os.ReadFile(block)
	if err != nil {
		return err
	}
	end := 0
	for end < len(b) {
		length := int(binary.LittleEndian.Uint32(b[end:]) &^ (1 << 31))
		if length < 30 || end+length > len(b) {
			return fmt.Errorf("%s has a message of %d bytes at %d", block, length, end)
		}
		if binary.LittleEndian.Uint64(b[end+4:]) > to {
			break
		}
		end += length
	}
	return os.Truncate(block, int64(end))
}
