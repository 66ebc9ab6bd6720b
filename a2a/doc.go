// Package a2a broadcasts what agents stream to each other by A2A, and knows as
// much of it as a hub must in order to route what it does not read.
//
// # Sending
//
// The events are those of the official SDK, github.com/a2aproject/a2a-go/v2/a2a.
// One line broadcasts one to all that its owner has open:
//
//	agent := a2a.NewBroadcaster(hub) // or a2a.Default(), from anywhere
//	agent.Broadcast(ctx, "alice", sdk.NewStatusUpdateEvent(task, sdk.TaskStateWorking, nil))
//
// It is published as a stream response of A2A 1.0, {"statusUpdate":…}, which the
// clients of all SDKs read. Its session is its context.
//
// What comes as bytes, from an agent of any version, is broadcast as it is:
//
//	relay := a2a.NewRawBroadcaster(hub) // or a2a.DefaultRaw()
//	relay.Broadcast(ctx, "alice", json.RawMessage(data))
//
// The receipt says how many subscriptions of this process the event concerns. An
// event that cannot be is an error, is not published and disconnects nobody.
//
// An event that names no context, as a message may, is published without a
// session, as over HTTP: its owner's streams carry it, views of a session do
// not. In gives it one:
//
//	agent.In(contextID).Broadcast(ctx, "alice", message)
//
// # Routing
//
// Events pass through a hub as the bytes their producer wrote. [Peek] reads
// what routing needs from them: what the event is, its context, which is its
// session, and its task. It reads versions 1.0 and 0.3, whose shapes differ,
// bare as an agent sends them over REST or inside a JSON-RPC response.
package a2a
