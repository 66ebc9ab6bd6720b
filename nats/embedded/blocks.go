package embedded

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tidings-dev/tidings/nats"
)

// The server makes room for every sequence between two messages of a block. A
// damaged sequence would have it ask for more memory than there is, so blocks are
// looked at before it is started. What else is damaged it bears.

// A record of a block begins with its length, whose highest bit says something
// else, and its sequence, whose highest two do.
const (
	recordHeader = 22
	lengthBits   = 1<<31 - 1
	tombstoneBit = 1 << 62
	sequenceBits = tombstoneBit - 1
	largestGap   = 1 << 26
)

// checkBlocks returns an error if a block has a sequence that cannot be. If loss is
// accepted the block is set aside.
func (d *directory) checkBlocks(accept bool) error {
	return filepath.WalkDir(d.store(), func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && filepath.Ext(path) != ".blk" {
			return nil
		}
		var block []byte
		if err == nil {
			block, err = os.ReadFile(path)
		}
		if err != nil {
			return fmt.Errorf("the files of the log cannot be read: %w", err)
		}
		at, ok := checkBlock(block)
		switch {
		case ok:
			return nil
		case accept:
			return os.Rename(path, d.file("damaged-"+rand.Text()+".blk"))
		}
		return fmt.Errorf("%w: %s is damaged at byte %d: %s", nats.ErrDamaged, path, at, remedy)
	})
}

// remedy says what to do about damage.
const remedy = "put a backup in place, or open the log with AcceptLoss, which tells readers of the loss and discards what is older"

// checkBlock reports whether sequences follow one another as they can, or where
// they do not. What is no record ends it, as it does for the server.
func checkBlock(block []byte) (at int, ok bool) {
	last := uint64(0)
	for at+recordHeader <= len(block) {
		length := int(binary.LittleEndian.Uint32(block[at:]) & lengthBits)
		if length < recordHeader || length > len(block)-at {
			return at, true
		}
		sequence := binary.LittleEndian.Uint64(block[at+4:])
		if sequence&tombstoneBit == 0 {
			sequence &= sequenceBits
			if last > 0 && sequence > last+largestGap {
				return at, false
			}
			last = max(last, sequence)
		}
		at += length
	}
	return at, true
}
