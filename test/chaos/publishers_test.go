package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/internal/wire"
)

// pace is the least time from one event of a publisher to his next.
const pace = 25 * time.Millisecond

// owners are whose events there are.
var owners = []string{"alice", "bob", "carol"}

// A publisher publishes one event after the other, each when it is told what
// became of the one before.
type publisher struct {
	name string
	at   int                                         // the number of his replica, or -1
	home bool                                        // he never turns to another
	send func(ctx context.Context, a *attempt) error // sets outcome and id; nil if he is not at work
	// The history's lock guards these.
	attempts []*attempt
	acked    int
	last     string // the data of the last event that he knows to be there
}

// run publishes until done is closed. Owners take turns.
func (p *publisher) run(ctx context.Context, h *history, done <-chan struct{}) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
		p.publish(ctx, h, n)
	}
}

// publish publishes event number n.
func (p *publisher) publish(ctx context.Context, h *history, n int) {
	a := attempt{owner: owners[n%len(owners)], data: fmt.Sprintf(`{"type":"CUSTOM","name":%q,"value":%d}`, p.name, n)}
	noted := a
	h.update(func() { p.attempts = append(p.attempts, &noted) })
	if err := p.send(ctx, &a); err != nil && ctx.Err() == nil {
		h.complain("%s: %s: %v", p.name, a.data, err)
	}
	h.update(func() {
		noted = a
		if a.outcome == acked {
			p.acked, p.last = p.acked+1, a.data
		}
	})
}

// event returns the event of an attempt.
func (p *publisher) event(a *attempt) tidings.Event {
	return tidings.Event{User: a.owner, Channel: tidings.AGUI, Session: p.name, Type: "CUSTOM", Data: []byte(a.data)}
}

// keyed returns a publisher that tries each event until it is known to be there.
func keyed(name string, c *client.Client) *publisher {
	p := &publisher{name: name}
	p.send = func(ctx context.Context, a *attempt) error {
		receipt, err := c.Publish(ctx, p.event(a))
		if err == nil {
			a.id, a.outcome = receipt.ID, acked
		}
		return err
	}
	return p
}

// rawTimeout is how long a publisher without keys waits for an answer.
const rawTimeout = 3 * time.Second

// raw returns a publisher that has no keys and so tries each event once.
func raw(name string, c *http.Client, base string) *publisher {
	p := &publisher{name: name}
	p.send = func(ctx context.Context, a *attempt) (err error) {
		ctx, cancel := context.WithTimeout(ctx, rawTimeout)
		defer cancel()
		query := url.Values{wire.User: {a.owner}, wire.Session: {p.name}}
		address := base + wire.PublishPath + string(tidings.AGUI) + "?" + query.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(a.data))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", wire.JSONType)
		resp, err := c.Do(req)
		if err != nil {
			if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
				a.outcome = refused
			}
			return nil
		}
		defer resp.Body.Close()
		a.outcome, a.id, err = answered(resp)
		return err
	}
	return p
}

// answered returns what an answer says of an event. It is an error if a server
// must not answer that.
func answered(resp *http.Response) (outcome, tidings.ID, error) {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return unknown, tidings.ID{}, nil
	}
	if resp.StatusCode == http.StatusOK {
		var r wire.Receipt
		if err := json.Unmarshal(body, &r); err != nil {
			return unknown, tidings.ID{}, err
		}
		id, err := tidings.ParseID(r.ID)
		return acked, id, err
	}
	var p wire.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		return unknown, tidings.ID{}, fmt.Errorf("%s: %w", body, err)
	}
	switch strings.TrimPrefix(p.Type, wire.ProblemBase) {
	case wire.Unavailable:
		return refused, tidings.ID{}, nil
	case wire.OutcomeUnknown:
		return unknown, tidings.ID{}, nil
	}
	return unknown, tidings.ID{}, fmt.Errorf("answered with %s: %s", resp.Status, body)
}

// application returns a publisher that changes a table, each time in a
// transaction that a trigger publishes from.
func application(name, database string) (p *publisher, leave func()) {
	var conn *pgx.Conn
	leave = func() {
		if conn != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			conn.Close(ctx)
			conn = nil
		}
	}
	p = &publisher{name: name}
	p.send = func(ctx context.Context, a *attempt) (err error) {
		if conn == nil {
			if conn, err = pgx.Connect(ctx, database); err != nil {
				conn, a.outcome = nil, refused
				return nil
			}
		}
		_, err = conn.Exec(ctx, insertOrder, a.owner, a.data)
		if a.outcome = committed(err); a.outcome == unknown {
			leave()
		}
		return nil
	}
	return p, leave
}

// committed returns what the end of a statement says of its transaction.
func committed(err error) outcome {
	if err == nil {
		return acked
	}
	if told, ok := errors.AsType[*pgconn.PgError](err); ok && told.SeverityUnlocalized == "ERROR" {
		return refused
	}
	return unknown
}

// insertOrder changes the application's table.
const insertOrder = `insert into orders (owner, note) values ($1, $2)`

// orders is the application's table, and the trigger that publishes.
const orders = `
create table orders (number bigserial primary key, owner text not null, note text not null);
create function tell() returns trigger language plpgsql as $$
begin
	perform tidings.tidings_publish(new.owner, 'agui', 'orders', 'CUSTOM', new.note);
	return new;
end
$$;
create trigger tell after insert on orders for each row execute function tell();
`
