package chaos_test

import (
	"testing"
	"time"
)

// frozen is how long nothing passes between a replica and the database: longer
// than the replica waits for the answer to an append.
const frozen = 12 * time.Second

// The connections of one replica are forgotten by a firewall, which tells
// neither end. Those of another stand still and then go on. A third one serves
// as if nothing was.
func TestBlackHolesHoldUpNobodyElse(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := begin(t, plan{replicas: 3, proxied: true, table: true})
	over := time.After(frozen)
	forgotten := s.proxies[0].Connections()
	s.proxies[0].FreezeExisting()
	s.proxies[1].Freeze()
	for range 10 {
		s.advance(10, at(2))
	}
	<-over
	s.advance(1, at(2))
	s.proxies[1].Thaw()
	s.advance(10, everybody)
	s.end()
	t.Logf("%d connections were forgotten", forgotten)
}
