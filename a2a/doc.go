// Package a2a knows as much of A2A, the protocol between agents, as a hub must
// in order to route what agents stream.
//
// Events pass through a hub as the bytes their producer wrote. [Peek] reads
// what routing needs from them: what the event is, its context, which is its
// session, and its task. It reads versions 1.0 and 0.3, whose shapes differ,
// bare as an agent sends them over REST or inside a JSON-RPC response.
package a2a
