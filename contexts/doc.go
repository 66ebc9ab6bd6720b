// Package contexts has the events that say which conversations an owner has,
// the envelope in which the contexts stream carries them, and the list of
// conversations that follows from everything the owner's agents sent.
//
// A context is one conversation of an owner. Its id is the Session of its
// events: AG-UI calls it the threadId, A2A the contextId.
//
// # Saying that there is a context
//
// A context need not be announced: its first AG-UI or A2A event makes it. What
// those cannot say, such as a name, or that a context is no more, is said by
// events of the channel [tidings.System]. One line broadcasts one to all that its
// owner has open:
//
//	system := contexts.NewBroadcaster(hub) // or contexts.Default(), from anywhere
//	system.Broadcast(ctx, "alice", contexts.NewCreated("c1", "Trip to Rome"))
//
// [NewEnvelopeBroadcaster] does so for whatever the stream carries, such as what
// comes from another hub's.
//
// AppendJSON gives the bytes alone. They are one line, with the members in a
// fixed order and nothing escaped for HTML:
//
//	{"type":"CONTEXT_CREATED","timestamp":"2026-01-02T03:04:05Z","contextId":"c1","name":"Trip to Rome"}
//
// [NewUpdated] renames a context, or with an empty name says that it changed.
// [NewDeleted] removes it: events of it that come late are then ignored.
// [NewSnapshot] lists all contexts there are. [NewConnected] and [NewHeartbeat]
// are for those who follow.
//
// Nothing invalid is encoded. An id is 1 to 256 bytes that [tidings.CheckName]
// accepts, a name is at most 1,024 bytes, a number is not negative. What is not
// so is an [*InvalidError]: which member, and why.
//
// # Reading the contexts stream
//
// The stream carries what the owner's agents send, and system events, each in an
// [Envelope] that tells which it is:
//
//	envelope, err := contexts.DecodeEnvelope(data)
//	...
//	switch envelope.Protocol {
//	case tidings.System:
//		event, err := contexts.Decode(envelope.Event)
//		...
//		switch event := event.(type) {
//		case *contexts.Snapshot:
//			show(event.Contexts)
//		case *contexts.Deleted:
//			hide(event.ContextID)
//		}
//	case tidings.AGUI:
//		event, err := agui.Decode(envelope.Event)
//		...
//	}
//
// [Decode] is tolerant of what is missing and keeps events of types that it does
// not know. [Peek] reads no more than routing needs. The Session of an envelope is
// the context of the event, which most AG-UI payloads do not name.
//
// # Knowing the contexts
//
// A [Fold] takes an owner's events in the order of the log and knows, after each,
// his contexts with their names, times, and numbers of messages and tasks:
//
//	fold := contexts.NewFold(0)
//	for event, err := range sub.Events(ctx) {
//		...
//		fold.Apply(&event)
//	}
//	show(fold.Contexts())
//
// The rules by which it does are with [Fold]. They use no clock and no chance, so
// that everybody who applies the same events has the same contexts, and they are
// precise enough to follow them in another language.
//
// A [Tracker] does it for every owner of a hub, as long as that is open. Package
// httpapi makes one for its contexts streams; to have the same list elsewhere, make
// it yourself and give it to both:
//
//	tracker := contexts.NewTracker(hub, nil)
//	snapshot, at, err := tracker.Contexts(ctx, "alice") // with all that was acknowledged before
//
// # Folding the contexts stream
//
// Who follows the stream needs nothing else. It begins with a snapshot, made by
// [Fold.Snapshot], of all that came up to a position, and goes on with exactly
// what follows. A Fold that applies both has at each position, whatever moment it
// joined at and from whatever replica, the state of a Fold that applied all
// events. The frames have what Apply looks at:
//
//	envelope, err := contexts.DecodeEnvelope(frame.Data)
//	...
//	fold.Apply(&tidings.Event{
//		ID:      position, // the frame's id, <unix-nano>-<seq>: the first half is the time
//		Channel: envelope.Protocol,
//		Session: envelope.Session,
//		Data:    envelope.Event,
//	})
//
// The type is that of the payload. Publishers may have said another; who counts
// with that asks for the stream with names=type and sets Type to the frame's
// name. Who resumes after a position keeps the Fold and gets no snapshot; a
// snapshot that comes after a loss replaces what the Fold had. A stream that is
// narrowed to some sessions gives their contexts, and one narrowed to some types
// gives no state.
//
// The snapshot of a program that lists its contexts itself, see [Provided], says
// neither what was seen nor what was deleted: what comes again after it counts
// again.
//
// The numbers are for people to see. A message counts when it begins and a task
// when it is first heard of; a context remembers the last 16 ids of each, so what
// is repeated does not count again unless it is older than those.
//
// # Going on later
//
// To fold a long log again at each start is slow, and events that left retention
// are gone. [Fold.Checkpoint] writes the state as JSON, in parts no larger than
// what one event may hold, and [Restore] goes on from there:
//
//	parts := fold.Checkpoint(0) // keep them with the position of the last event
//	...
//	fold, err := contexts.Restore(0, parts...)
//
// A Tracker does that by itself, over a log that is durable: it keeps its
// checkpoints in the log. It forgets an owner who is purged, see
// [tidings.Hub.Purge], and a checkpoint does not bring him back. Clients learn of
// a purge when they next ask for a snapshot.
//
// Only a Tracker has goroutines, which are the hub's and end with it. Trackers and
// broadcasters may be used concurrently; whoever shares anything else locks it.
package contexts
