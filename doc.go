// Package tidings is an event hub for AI agents: publish an event once, and
// everyone who may see it sees every one, in order, exactly once, whenever
// they come.
//
// # What is it?
//
// Events live in an append-only [Log]. Every subscriber is a cursor over it: a
// position and a [Selector]. Nothing is queued for anybody; a wake-up says
// only "there is more". Live delivery, replay after a reconnect, a slow reader,
// a late joiner and a restart are one mechanism.
//
//	hub, err := tidings.New(ctx, nil, nil) // nil: a log in memory
//	...
//	receipt, err := hub.Publish(ctx, tidings.Event{
//		User: "alice", Channel: tidings.AGUI, Session: "thread-1",
//		Data: []byte(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hi"}`),
//	})
//	...
//	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Live)
//	defer sub.Close()
//	for event, err := range sub.Events(ctx) {
//		...
//	}
//
// # How do I resume?
//
// Keep the ID of the last event you have dealt with, and subscribe [After] it.
// Any replica over the same log will do. If events after it may be gone you
// are told so first, by a [LostError], and then get what there is.
//
// # What is promised?
//
//   - Order. All subscribers of an owner see his events in one same order.
//   - Completeness. A subscriber who presents the position he was last told
//     gets every later event that is retained, exactly once, and continues
//     live. If something may be gone he is told so, first.
//   - Publishers never wait for subscribers, nor subscribers for each other.
//   - What is acknowledged is kept, as long as the log keeps anything. A retry
//     with the same Key within the key window changes nothing.
//   - Isolation. A subscription gets events of the one owner it names, or of
//     everyone if it says so, and never any others.
//   - Bounds. Sizes, keys and memory have limits; what is refused is refused
//     whole, with an error that says why.
//   - Nobody is disconnected for somebody else's fault, and whoever is can
//     resume.
//
// # What should I know?
//
//   - A [MemoryLog] forgets: by count, bytes and age for each session, and by
//     a budget for all. A log in a database or a stream retains a prefix.
//   - A notice of loss can be needless where loss cannot be excluded: with a
//     MemoryLog, for a position older than a topic that was freed since, and
//     for a view narrowed by types, or of everyone narrowed by sessions.
//   - Payloads are kept as they came, but for line breaks between JSON tokens.
//   - Positions count the events of all owners. They reveal how many there
//     are, and nothing else: what a position may be used for is decided by the
//     selector, never by the position.
//   - The number of subscribers in a receipt is of this process.
//
// The HTTP side is in httpapi; the binary in cmd/tidings. This package uses
// the standard library alone.
package tidings
