package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Files in a data directory.
const (
	markName  = "tidings.json" // says what the directory is
	lockName  = "tidings.lock" // is locked by the process that uses it
	storeName = "nats"         // is the server's
)

// mark is what a data directory says of itself.
const mark = `{"format":"tidings-nats","version":1}` + "\n"

// A directory is a data directory that this process has for itself.
type directory struct {
	path string
	lock *flock.Flock
}

// takeDirectory returns a data directory, which is made if it is not there. One
// that is somebody else's is left alone.
func takeDirectory(path string) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("the data directory cannot be made: %w", err)
	}
	if err := checkMark(path); err != nil {
		return nil, err
	}
	d := &directory{path, flock.New(filepath.Join(path, lockName), flock.SetPermissions(0o600))}
	locked, err := d.lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("the data directory cannot be locked: %w", err)
	case !locked:
		return nil, fmt.Errorf("the data directory %s is in use by another process: end that, or name another directory", path)
	}
	if err := d.writeMark(); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

// checkMark says why a directory is none of a log's: it has files, and does not
// say that they are.
func checkMark(path string) error {
	text, err := os.ReadFile(filepath.Join(path, markName)) // #nosec G304 -- who runs the server names the directory
	switch {
	case err == nil && string(text) == mark:
		return nil
	case err == nil:
		return fmt.Errorf("%s is of a version that this one does not know: %.100q", filepath.Join(path, markName), text)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the data directory cannot be read: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("the data directory cannot be read: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lockName {
			return fmt.Errorf("%s has files and is no data directory of tidings: name another directory, or one that is empty", path)
		}
	}
	return nil
}

// writeMark has the directory say what it is, before anything else is in it.
func (d *directory) writeMark() error {
	if _, err := os.Stat(d.file(markName)); err == nil {
		return nil
	}
	if err := d.write(markName, mark); err != nil {
		return fmt.Errorf("the data directory cannot be written: %w", err)
	}
	return nil
}

// write writes a file of the directory, whole or not at all.
func (d *directory) write(name, text string) error {
	f, err := os.CreateTemp(d.path, name+".")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), d.file(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// store is where the server keeps its streams.
func (d *directory) store() string { return d.file(storeName) }

// file returns the path of a file in the directory.
func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

// release lets others have the directory.
func (d *directory) release() error { return d.lock.Close() }
