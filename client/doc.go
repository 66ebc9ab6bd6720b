// Package client publishes to a Tidings server and follows its streams.
//
//	c, err := client.New("http://127.0.0.1:8080", nil)
//	receipt, err := c.Publish(ctx, tidings.Event{
//		User: "alice", Channel: tidings.System, Data: []byte(`{"text":"hello"}`),
//	})
//
//	for e, err := range c.Follow(ctx, client.Stream{Name: "contexts", User: "alice"}) {
//		…
//	}
//
// Who publishes many small events does so over a request that stays open, and need
// not wait for each:
//
//	p := c.Open(ctx)
//	defer p.Close() // waits for all receipts
//	for token := range tokens {
//		sent, err := p.Send(ctx, token) // sent.Receipt(ctx) waits for its receipt
//	}
//
// # Guarantees
//
//   - Publishing is retried until it is known what became of it, at most for
//     [Options].Patience. Every event carries a key, its own or a random one,
//     so a retry never publishes twice.
//   - A payload is sent as it is, byte for byte, and arrives so.
//   - Follow resumes by itself after whatever ended a connection, silence
//     included, and yields every event once, in order. Where the server says
//     that events may be gone, a [*tidings.LostError] is yielded in their
//     place.
//   - Of several servers of one log ([Options].Fallbacks) those are passed by
//     that do not serve, and nothing is lost or repeated for it.
//   - What is sent over a [Publishing] is kept in its order, and once, whatever
//     happens to its connections.
//   - There is no goroutine of the package's own but that of a Publishing, and no
//     connection stays open when a loop over Follow is left. Idle ones are kept
//     for the next request until [Client.Close].
//
// # What if the server …?
//
//   - is not there, falls silent, or answers 5xx, 408, 425 or 429: it is asked
//     again, not before its Retry-After (5 minutes at most) and else after a
//     wait that doubles up to 30 s. Several servers are asked one after the
//     other without a wait, and then each again after one.
//   - ends or cuts a stream: it is asked again after the time that its "retry:"
//     said, a minute at most, and at first a second. The wait doubles each time
//     until the position moves; a stream that lasted half a minute does not
//     count. If nothing came of the stream, the next server is asked.
//   - leaves half a frame behind: that is forgotten, and comes again.
//   - sends frames that make no sense as an event stream: they are passed by, as
//     the standard of event streams wants it.
//   - answers any other 4xx: that is the end, a [*ProblemError].
//   - answers what no Tidings server does: 3xx without a place to go, 501, a
//     page, a stream in gzip, an event without a position or of more than
//     16 MiB. That is the end too, unless there is another server that does not.
//   - answers 204 to a Follow: that is the end, without an error.
//   - redirects: the HTTPClient follows, as it is made to.
package client
