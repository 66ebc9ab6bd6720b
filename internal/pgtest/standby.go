package pgtest

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Standby starts a server of the test's own that follows s, and answers those
// who only read, until it is promoted. It has the same superuser and password.
// Only a server of the test's own can be followed.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	s.own(t)
	c, err := newStandby(s.base.String())
	if err != nil {
		t.Fatalf("pgtest: standby: %v", err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	b := s.base
	b.Host = fmt.Sprintf("127.0.0.1:%d", c.port)
	return &Server{cluster: c, base: b}
}

// Promote makes a standby a server of its own, and returns when it accepts
// writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.own(t)
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	if err := s.cluster.run("pg_ctl promote -w -D data"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// newStandby returns a cluster with a copy of the server of a URL.
func newStandby(primary string) (*cluster, error) {
	bin, err := programs("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("")
	if err != nil {
		return nil, err
	}
	c := &cluster{folder: folder}
	if err := c.keep(bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	err = c.run("pg_basebackup -D data -R -X stream -c fast --no-sync -d '" + primary + "'")
	if err == nil {
		err = c.startSomewhere()
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}
