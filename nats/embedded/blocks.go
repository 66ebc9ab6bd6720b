package embedded

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/highwayhash"

	"github.com/tidings-dev/tidings/nats"
)

// Some damage the server does not survive, so blocks are looked at before it is
// started. It makes room for every sequence between two messages of a block, and a
// damaged one would have it ask for more memory than there is. In a bucket, which
// keeps one message for each key, it would try to remove a damaged one for ever.

// A record of a block begins with its length, whose highest bit says that there are
// headers, its sequence, whose highest two say that there is no message, its time,
// and the length of its subject. It ends with a checksum of all but the lengths.
const (
	recordHeader   = 22
	headersBit     = 1 << 31
	noMessageBits  = 3 << 62
	largestGap     = 1 << 26 // between two sequences
	checksumBytes  = highwayhash.Size64
	headersPrefix  = 4
	bucketPrefix   = "KV_"
	blockExtension = ".blk"
)

// checkBlocks returns an error if there is damage that the server does not survive.
// If loss is accepted it is set aside: a block, or all of a bucket.
func (d *directory) checkBlocks(accept bool) error {
	return filepath.WalkDir(d.store(), func(path string, _ fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && filepath.Ext(path) != blockExtension {
			return nil
		}
		var block []byte
		if err == nil {
			block, err = os.ReadFile(path)
		}
		if err != nil {
			return fmt.Errorf("the files of the log cannot be read: %w", err)
		}
		at, ok := checkBlock(block, bucketHash(path))
		if ok {
			return nil
		}
		if accept {
			return d.setAside(path)
		}
		return fmt.Errorf("%w: %s is damaged at byte %d: %s", nats.ErrDamaged, path, at, remedy)
	})
}

// remedy says what to do about damage.
const remedy = "put a backup in place, or open the log with AcceptLoss, which tells readers of the loss and discards what is older"

// setAside moves a block, or the bucket that it is of, to where the server does not
// see it.
func (d *directory) setAside(path string) error {
	if bucketHash(path) != nil {
		path = filepath.Dir(filepath.Dir(path))
	}
	return os.Rename(path, d.file("damaged-"+rand.Text()+filepath.Ext(path)))
}

// A hash returns the checksum of parts of a record.
type hash func(parts ...[]byte) []byte

// bucketHash returns the hash of the records in a block of a bucket, or nil if the
// block is of none.
func bucketHash(path string) hash {
	stream := filepath.Base(filepath.Dir(filepath.Dir(path)))
	if !strings.HasPrefix(stream, bucketPrefix) {
		return nil
	}
	key := sha256.Sum256([]byte(stream + "-" + strings.TrimSuffix(filepath.Base(path), blockExtension)))
	return func(parts ...[]byte) []byte {
		sum := highwayhash.Sum64(bytes.Join(parts, nil), key[:])
		return binary.LittleEndian.AppendUint64(nil, sum)
	}
}

// checkBlock reports whether sequences follow one another as they can and, if there
// is a hash, whether records are as they were written; or where they are not. What
// is no record ends a block, as it does for the server.
func checkBlock(block []byte, hash hash) (at int, ok bool) {
	last := uint64(0)
	for at+recordHeader <= len(block) {
		length := int(binary.LittleEndian.Uint32(block[at:]) &^ headersBit)
		if length < recordHeader || length > len(block)-at {
			return at, true
		}
		sequence := binary.LittleEndian.Uint64(block[at+4:])
		if sequence&noMessageBits == 0 {
			if last > 0 && sequence > last+largestGap || hash != nil && !checkRecord(block[at:at+length], hash) {
				return at, false
			}
			last = max(last, sequence)
		}
		at += length
	}
	return at, true
}

// checkRecord reports whether a record has the checksum that it should have.
func checkRecord(record []byte, hash hash) bool {
	subject := int(binary.LittleEndian.Uint16(record[20:]))
	end := len(record) - checksumBytes
	rest := recordHeader + subject
	if binary.LittleEndian.Uint32(record)&headersBit != 0 {
		rest += headersPrefix
	}
	if rest > end {
		return false
	}
	return bytes.Equal(hash(record[4:20], record[recordHeader:recordHeader+subject], record[rest:end]), record[end:])
}
