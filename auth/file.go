package auth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// fileInterval is how often a file is looked at, when there are requests.
const fileInterval = time.Second

// A file has keys. Who asks for them reads it, once a second at most: it is small,
// and its bytes are surer than its times.
type file struct {
	path  string
	log   *slog.Logger
	known atomic.Pointer[ring]

	mu   sync.Mutex
	next time.Time // when to look again
	seen []byte    // what was last read, good or not
}

// openFile reads the keys of a file.
func openFile(o *Options) (*file, error) {
	f := &file{path: o.KeyFile, log: o.Logger, next: time.Now().Add(fileInterval)}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("keys in %s: %w", f.path, err)
	}
	return f, nil
}

// ring looks at the file if it is time to. Who comes while another looks does not
// wait.
func (f *file) ring() ring {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		if now := time.Now(); !now.Before(f.next) {
			f.next = now.Add(fileInterval)
			f.look()
		}
	}
	return *f.known.Load()
}

// look takes the keys of a file that has changed. Where they cannot be had those
// that are known stay. f.mu must be held.
func (f *file) look() {
	before := f.seen
	err := f.read()
	if bytes.Equal(before, f.seen) {
		return
	}
	if err != nil {
		f.log.Warn("keys of a file cannot be read, those before stay", "path", f.path, "err", err)
		return
	}
	f.log.Info("keys of a file were read again", "path", f.path, "keys", len(*f.known.Load()))
}

// read reads the file. f.mu must be held, but by openFile.
func (f *file) read() error {
	data, err := readFile(f.path)
	if err != nil {
		f.seen = nil
		return err
	}
	if f.seen != nil && bytes.Equal(data, f.seen) {
		return nil
	}
	f.seen = data
	all, err := parseKeys(data)
	if err == nil {
		f.known.Store(&all)
	}
	return err
}

// readFile reads a file, but not much more of it than keys may take.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 G703 -- who runs the server names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostKeyBytes+1))
}

// renew returns the keys of the file: there are no others.
func (f *file) renew(context.Context) (ring, error) { return f.ring(), nil }

func (f *file) close() {}
