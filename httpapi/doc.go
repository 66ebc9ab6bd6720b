// Package httpapi serves a [tidings.Hub] over HTTP: streams of Server-Sent
// Events, snapshots, publishing, figures and health. docs/protocol.md is the
// contract with clients; this package is its one implementation on the side of
// the server.
//
// [New] returns one [http.Handler] for all routes. It can be mounted on any
// mux, also under a prefix:
//
//	mux.Handle("/tidings/", http.StripPrefix("/tidings", api))
//
// Who a request speaks for comes from [Options.Authenticate]. Without it the
// handler serves only its own machine; see [Options].
//
// A stream is served by the request's own goroutine, with any
// [http.ResponseWriter] that can flush and has write deadlines, HTTP/2 and TLS
// included. It starts none and queues nothing: it holds a cursor of the hub, a
// timer, and while it writes two pooled buffers.
package httpapi
