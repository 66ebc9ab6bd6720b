package client

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tidings-dev/tidings/internal/wire"
)

// A stream tells a minute before that the access that it runs on will expire. If
// Options.Header has another by then, the stream goes on with that, and nothing has
// to be made up for. Otherwise it ends, and is followed anew.

// An extension is a connection that is to go on.
type extension struct {
	client *Client
	base   *url.URL
	stream *Stream
	proof  http.Header // what Options.Header said last
}

// extend has the connection go on, beside what is read from it.
func (f *follower) extend(ctx context.Context, notice []byte) {
	f.beside.Go(func() { f.extension.extend(ctx, notice) }) // until it did, or the connection ends
}

// extend has the connection go on that a notice is about, as long as ctx lasts.
func (x *extension) extend(ctx context.Context, data []byte) {
	var notice wire.Expiring
	if json.Unmarshal(data, &notice) != nil || notice.Connection == "" { // a newer server's
		return
	}
	for left := time.Until(notice.Expires); left > time.Second; left = time.Until(notice.Expires) {
		wait := left/4 + rand.N(left/2) // #nosec G404 -- it spreads load and keeps no secret
		if sleep(ctx, wait) != nil || x.ask(ctx, notice.Connection) {
			return
		}
	}
}

// ask shows access that is another than before, if there is some, and reports
// whether the server has seen it.
func (x *extension) ask(ctx context.Context, connection string) bool {
	q := query(wire.User, x.stream.User, wire.Connection, connection)
	for _, session := range x.stream.Sessions {
		q.Add(wire.Session, session)
	}
	req, err := x.client.request(ctx, x.base, http.MethodPost, wire.StreamPath, x.stream.Name, q, nil)
	if err != nil || maps.EqualFunc(req.Header, x.proof, slices.Equal) {
		return false
	}
	x.proof = req.Header.Clone()
	resp, err := x.client.http.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	return resp.StatusCode == http.StatusAccepted
}
