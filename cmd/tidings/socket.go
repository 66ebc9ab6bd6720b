package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// A socket is a listener on a Unix socket, whose file goes with it.
type socket struct {
	*net.UnixListener
	path string
	file os.FileInfo
}

// listenSocket takes a Unix socket. One that a dead server left is replaced, that
// of a running one is not.
func listenSocket(ctx context.Context, path string, mode fs.FileMode, flag string) (net.Listener, error) {
	if err := clearSocket(ctx, path); err != nil {
		return nil, fmt.Errorf("--%s unix:%s: %w", flag, path, err)
	}
	config := net.ListenConfig{Control: permit(mode)}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: another path goes in --%s", err, flag)
	}
	own := l.(*net.UnixListener)
	own.SetUnlinkOnClose(false) // it may be another's by then
	err = os.Chmod(path, mode)
	file, statErr := os.Lstat(path)
	if err := errors.Join(err, statErr); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{own, path, file}, nil
}

// clearSocket removes what a dead server left.
func clearSocket(ctx context.Context, path string) error {
	before, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case before.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is no socket: name another path")
	}
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close() // nothing was said
		return errors.New("another server is running there")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(before, now) {
		return errors.New("another server has just begun there")
	}
	return os.Remove(path)
}

// Close closes the listener, and removes its file unless that is another's.
func (s *socket) Close() error {
	err := s.UnixListener.Close()
	if now, statErr := os.Lstat(s.path); err == nil && statErr == nil && os.SameFile(s.file, now) {
		err = os.Remove(s.path)
	}
	return err
}
