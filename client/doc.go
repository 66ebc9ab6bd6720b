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
//   - There is no goroutine of the package's own, and no connection stays open
//     when a loop over Follow is left. Idle ones are kept for the next request
//     until [Client.Close].
package client
