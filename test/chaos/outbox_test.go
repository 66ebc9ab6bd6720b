package chaos_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// leftOpen is how long an application leaves a transaction open.
const leftOpen = 30 * time.Second

// An application that leaves a transaction open delays nobody; what it rolls
// back is never seen, and what it commits always, also where no replica runs.
func TestOutboxFollowsTheTransactions(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := begin(t, plan{replicas: 3, table: true})
	open, undone, late := s.order("open"), s.order("undone"), s.order("late")
	over := time.After(leftOpen)
	s.advance(30, everybody)
	undone.end(refused)
	s.advance(10, everybody)
	<-over
	s.advance(10, everybody)
	open.end(acked)
	endAll(t, s.fleet)
	late.end(acked)
	startAll(t, s.ctx, s.fleet)
	s.end()
}

// An order is a transaction of the application that has published and is still
// open.
type order struct {
	scene *scene
	tx    pgx.Tx
	made  *attempt
}

// order begins a transaction on a connection of its own.
func (s *scene) order(name string) *order {
	s.t.Helper()
	c := s.connect()
	s.t.Cleanup(func() { c.Close(s.ctx) })
	tx, err := c.Begin(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	made := &attempt{owner: owners[0], data: fmt.Sprintf(`{"type":"CUSTOM","name":%q}`, name)}
	if _, err := tx.Exec(s.ctx, insertOrder, made.owner, made.data); err != nil {
		s.t.Fatal(err)
	}
	return &order{s, tx, made}
}

// end commits, or rolls back if it is to be refused, and has that judged.
func (o *order) end(to outcome) {
	s := o.scene
	s.t.Helper()
	end := o.tx.Commit
	if to == refused {
		end = o.tx.Rollback
	}
	if err := end(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	s.update(func() {
		p := &publisher{name: o.made.data, at: -1, attempts: []*attempt{o.made}}
		if o.made.outcome = to; to == acked {
			p.last = o.made.data
		}
		s.publishers = append(s.publishers, p)
	})
}
