package embedded

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/highwayhash"

	"github.com/tidings-dev/tidings/nats"
)

// The server passes by what it cannot read, without a word, and some damage it does
// not survive: it makes room for every sequence between two messages of a block, and
// a damaged one would have it ask for more memory than there is; in a bucket, which
// keeps one message for each key, it would try to remove a damaged one for ever. So
// blocks are looked through before it is started.

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

// checkBlocks looks through all blocks, and returns between which of its messages
// the stream of a name has none. It returns an error if there is damage that the
// server does not survive; if loss is accepted that is set aside: a block, or all of a
// bucket.
func (d *directory) checkBlocks(stream string, accept bool) (gaps [][2]uint64, err error) {
	var there [][2]uint64
	err = filepath.WalkDir(d.store(), func(path string, _ fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && filepath.Ext(path) != blockExtension {
			return nil
		}
		var file []byte
		if err == nil {
			file, err = os.ReadFile(path) // #nosec G122 G304 -- the directory is the owner's alone, and locked
		}
		if err != nil {
			return fmt.Errorf("the files of the log cannot be read: %w", err)
		}
		b := block{stream: filepath.Base(filepath.Dir(filepath.Dir(path))), bytes: file}
		if b.check(strings.TrimSuffix(filepath.Base(path), blockExtension)) {
			if b.stream == stream {
				there = append(there, b.there...)
			}
			return nil
		}
		if accept {
			return d.setAside(path, b.bucket())
		}
		return fmt.Errorf("%w: %s is damaged at byte %d: %s", nats.ErrDamaged, path, b.at, remedy)
	})
	return between(there), err
}

// between returns what is between runs of places.
func between(there [][2]uint64) (gaps [][2]uint64) {
	slices.SortFunc(there, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	last := uint64(0)
	for _, r := range there {
		if r[0] > last+1 {
			gaps = append(gaps, [2]uint64{last + 1, r[0] - 1})
		}
		last = max(last, r[1])
	}
	return gaps
}

// remedy says what to do about damage.
const remedy = "put a backup in place, or open the log with AcceptLoss, which tells readers of the loss and discards what is older"

// setAside moves a block, or the bucket that it is of, to where the server does not
// see it.
func (d *directory) setAside(path string, bucket bool) error {
	if bucket {
		path = filepath.Dir(filepath.Dir(path))
	}
	return os.Rename(path, d.file("damaged-"+rand.Text()+filepath.Ext(path)))
}

// A block is a file with messages of a stream.
type block struct {
	stream string
	bytes  []byte
	at     int         // up to where it was looked through
	there  [][2]uint64 // runs of places whose messages are as they were written
}

// bucket reports whether the stream is that of a bucket.
func (b *block) bucket() bool { return strings.HasPrefix(b.stream, bucketPrefix) }

// check looks through the block of a number, and reports whether the server survives
// it. What is no record ends a block, as it does for the server.
func (b *block) check(number string) bool {
	key := sha256.Sum256([]byte(b.stream + "-" + number))
	hash, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		return false
	}
	last := uint64(0)
	for b.at+recordHeader <= len(b.bytes) {
		length := int(binary.LittleEndian.Uint32(b.bytes[b.at:]) &^ headersBit)
		if length < recordHeader || length > len(b.bytes)-b.at {
			break
		}
		record := b.bytes[b.at : b.at+length]
		if place := binary.LittleEndian.Uint64(record[4:]); place&noMessageBits == 0 {
			if last > 0 && place > last+largestGap {
				return false
			}
			last = max(last, place)
			if whole(record, hash) {
				b.add(place)
			} else if b.bucket() {
				return false
			}
		}
		b.at += length
	}
	return true
}

// add notes that the message of a place is there.
func (b *block) add(place uint64) {
	if n := len(b.there); n > 0 && b.there[n-1][1]+1 == place {
		b.there[n-1][1] = place
		return
	}
	b.there = append(b.there, [2]uint64{place, place})
}

// whole reports whether a record is as it was written: it has its checksum, and its
// lengths, which that does not cover, fit what it has.
func whole(record []byte, hash *highwayhash.Digest64) bool {
	subject := recordHeader + int(binary.LittleEndian.Uint16(record[20:]))
	rest, end := subject, len(record)-checksumBytes
	headers := binary.LittleEndian.Uint32(record)&headersBit != 0
	if headers {
		rest += headersPrefix
	}
	if rest > end {
		return false
	}
	hash.Reset()
	for _, part := range [][]byte{record[4:20], record[recordHeader:subject], record[rest:end]} {
		_, _ = hash.Write(part) // it has no errors
	}
	if hash.Sum64() != binary.LittleEndian.Uint64(record[end:]) {
		return false
	}
	if headers {
		length := bytes.Index(record[rest:end], []byte(headersEnd)) + len(headersEnd)
		return int(binary.LittleEndian.Uint32(record[subject:])) == length
	}
	return bytes.HasPrefix(record[rest:end], []byte("{")) // an entry of a bucket; no subject has that
}

// headersEnd ends headers.
const headersEnd = "\r\n\r\n"
