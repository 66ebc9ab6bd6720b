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
// # How do I publish values and not bytes?
//
// By a [Broadcaster], which is a Hub with a type. Those of AG-UI, A2A, system
// and analytics events are in the packages agui, a2a, contexts and analytics;
// one of your own takes a channel, and encodes by encoding/json if you give it
// nothing else:
//
//	runs := agui.NewBroadcaster(hub).In("thread-1")
//	_, err = runs.Broadcast(ctx, "alice", agui.NewTextMessageContent("m", "Hi"))
//
//	builds := tidings.NewBroadcaster[Build](hub, "builds", nil, nil)
//	receipt, err := builds.Broadcast(ctx, "alice", Build{Name: "v1"})
//
// The channel builds has to be in the hub's [Router], which says which stream
// carries which channels:
//
//	router, err := tidings.NewRouter(tidings.Stream{
//		Name: "builds", Channels: []tidings.Channel{"builds", tidings.System},
//	})
//	hub, err := tidings.New(ctx, nil, &tidings.Options{Router: router})
//
// Each kind has a process-wide default, such as agui.Default(), on a hub that
// is [Default] until you set another.
//
// # Who is connected?
//
// A [Registry] counts the connections to a stream of this process, and lets
// nobody have more than he may. The HTTP handler registers its own; register
// what you serve yourself:
//
//	guard, err := hub.Connections("agui").Register(tidings.Connection{User: "alice", ID: "tab-1"})
//	if err != nil {
//		return err // a *TooManyConnectionsError, say
//	}
//	defer guard.Release()
//	n := runs.ConnectionCount("alice") // a Broadcaster has the registry of its stream
//
// # How do I keep state of my own?
//
// Fold the events: subscribe, and apply each in its order. [Hub.Observe] is a
// subscription that does not count as one, [Hub.Synced] says how far to read to
// have everything that was acknowledged, and [Hub.Go] runs it as long as the
// hub. The contexts of an owner and real-time stats are kept so.
//
// # How do I delete what there is of somebody?
//
//	_, err := hub.Purge(ctx, "alice")
//
// discards all of the owner's events, whatever retention says, with their keys.
// The windows and states of every replica follow. It takes a log that is a
// [Purger], as a MemoryLog is.
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
//   - The number of subscribers in a receipt is of this process, and so are
//     the counts of a Registry.
//
// The HTTP side is in httpapi; the binary in cmd/tidings. This package uses
// the standard library alone.
package tidings
