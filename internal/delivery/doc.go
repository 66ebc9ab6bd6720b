// Package delivery sends many streams from few goroutines. A connection of a
// [Server] that has nothing to send costs a small record and a descriptor: no
// goroutine and no buffer. It needs Linux and sockets. Elsewhere [New] says so,
// and for TLS and all else that is a [net.Conn] there is a [Portable], which
// keeps the same promises to a [Stream] and holds a goroutine for each connection.
//
// # How does a Server work?
//
// Each connection belongs to one writer, which is a goroutine, and nobody else
// touches it: others put it into the writer's queue ([Conn.Wake]). In a round
// the writer takes the whole queue, asks each stream once what is to be sent
// ([Stream.Fill]), and offers that to the socket in one write that never
// blocks. Who has more to send stands behind all others for the next round, so
// one that is far behind delays the others by one write in a round.
//
// What a full socket did not take is kept, and the connection is left alone
// until the system says that there is room. Its stream is not asked meanwhile:
// so a backlog becomes few large writes, and nothing queues for who is slow.
//
// # How does a Portable work?
//
// A connection's only goroutine waits for the end of its client. A wake-up puts
// it into a queue, from which a few goroutines take those whose turn it is, fill
// and write. A write waits for its client: while none of them gets on, others
// join them, so nobody else waits for it for long.
//
// # What ends a connection?
//
//   - An error of its stream. What was filled before is sent, then the end of
//     the stream, and the connection is closed when the client closed its own.
//   - A client that closed its end, also only for what it would send.
//   - A client that does not accept what it gets in time.
//   - [Server.Close], [Portable.Close].
package delivery
