package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
)

// A keyPair is a certificate and its key, in files that somebody replaces from
// time to time. It looks at them when a client connects: reading two small files is
// little beside a handshake, and says more than their times do. What cannot be used
// leaves what is.
type keyPair struct {
	cert, key string // paths
	logger    *slog.Logger
	current   atomic.Pointer[tls.Certificate]

	mu   sync.Mutex
	seen [sha256.Size]byte // of what the files had, or of why they could not be read
}

// keyPair returns that of the flags, or nil if there is none.
func (l *listening) keyPair(logger *slog.Logger) (*keyPair, error) {
	if l.TLSCert == "" && l.TLSKey == "" {
		return nil, nil
	}
	if l.TLSCert == "" || l.TLSKey == "" {
		return nil, usage("--tls-cert and --tls-key belong together: state both, or none")
	}
	c := &keyPair{cert: l.TLSCert, key: l.TLSKey, logger: logger}
	pair, seen, err := c.read()
	if err != nil {
		return nil, usage("--tls-cert, --tls-key: %v", err)
	}
	c.seen = seen
	c.current.Store(pair)
	return c, nil
}

// config returns what a server of TLS needs, or nil for one without.
func (c *keyPair) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

// get returns the certificate for a handshake. While one looks at the files the
// others do not wait.
func (c *keyPair) get() *tls.Certificate {
	if c.mu.TryLock() {
		c.look()
		c.mu.Unlock()
	}
	return c.current.Load()
}

// look reads the files, and takes them if they have changed and fit together. c.mu
// must be held.
func (c *keyPair) look() {
	pair, seen, err := c.read()
	if seen == c.seen {
		return
	}
	c.seen = seen
	if err != nil {
		c.logger.LogAttrs(context.Background(), slog.LevelError, "certificate not reloaded", slog.Any("err", err))
		return
	}
	c.current.Store(pair)
	c.logger.Info("certificate reloaded", "expires", pair.Leaf.NotAfter)
}

// read reads the files. What it has seen is the same as long as they are.
func (c *keyPair) read() (pair *tls.Certificate, seen [sha256.Size]byte, err error) {
	cert, err := os.ReadFile(c.cert)
	key, keyErr := os.ReadFile(c.key)
	if err := errors.Join(err, keyErr); err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), err
	}
	seen = sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(cert), cert, key))
	p, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, seen, fmt.Errorf("%s and %s: %w", c.cert, c.key, err)
	}
	return &p, seen, nil
}
