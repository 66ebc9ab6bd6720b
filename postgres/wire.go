package postgres

import (
	"context"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// dial returns a way to dial whose connections do not outlive the database. The
// client waits for 15 seconds for the end of one that it gave up, which does not
// come if the other side is gone.
func (d *database) dial(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.life, cancel)()
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &wire{c, context.AfterFunc(d.life, func() { c.Close() })}, nil
	}
}

// A wire is a connection that is closed with the database.
type wire struct {
	net.Conn
	stop func() bool
}

func (w *wire) Close() error {
	w.stop()
	return w.Conn.Close()
}
