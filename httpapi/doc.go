// Package httpapi serves a [tidings.Hub] over HTTP: streams of Server-Sent
// Events, snapshots, publishing, figures and health. docs/protocol.md is the
// contract with clients; this package is its one implementation on the side of
// the server.
//
// # Mounting it
//
// [New] returns one [http.Handler] for all routes. It can be mounted on any
// mux, also under a prefix:
//
//	api := httpapi.New(hub, nil)
//	mux.Handle("/tidings/", http.StripPrefix("/tidings", api))
//
// # Saying who asks
//
// Who a request speaks for comes from [Options].Authenticate. Without it the
// handler serves only its own machine, for development.
//
//	api := httpapi.New(hub, &httpapi.Options{
//		Authenticate: func(r *http.Request) (httpapi.Access, error) {
//			user, ok := sessions.User(r)
//			if !ok {
//				return httpapi.Access{}, httpapi.ErrUnauthorized
//			}
//			return httpapi.Access{Subject: user, Owner: user}, nil
//		},
//	})
//
// How many connections a subject may have is the hub's to say, because it
// counts those too that a program serves in another way: see
// [tidings.Options].MaxConnections. The next is answered with 429, or has the
// oldest one end: see [tidings.AtCap].
//
// # Standing on the internet
//
// [Options].Limits bound what clients take of the handler. What they take before
// there is a request is for the server to bound: who never ends a header, one
// that is too large, connections over which nothing comes, and more of them than
// there may be. Bodies and streams have deadlines of the handler's own, so
// ReadTimeout and WriteTimeout stay 0.
//
//	server := &http.Server{
//		Handler:           api,
//		ReadHeaderTimeout: 10 * time.Second,
//		IdleTimeout:       2 * time.Minute,
//		MaxHeaderBytes:    64 << 10,
//		ConnState:         api.ConnState,
//	}
//	err := server.Serve(api.Listener(listener))
//
// Behind a proxy all clients have its address, unless [Options].TrustedProxies
// names it. [Handler.Usage] has every limit and how much of it is used.
//
// # What streams begin with
//
// A contexts stream begins with a snapshot of the owner's contexts and goes on
// with exactly what follows it. The list is folded from the log by a
// [contexts.Tracker]; a program that keeps its contexts itself says so:
//
//	api := httpapi.New(hub, &httpapi.Options{
//		Contexts: contexts.Provided(hub, func(ctx context.Context, owner string) ([]contexts.Context, error) {
//			return db.Contexts(ctx, owner)
//		}),
//	})
//
// Analytics streams, and the feed of everyone, carry real-time stats every
// [Options].StatsInterval.
//
// # Publishing tokens
//
// Who emits many small events sends them as lines of one request that stays
// open, and gets a line for each while it sends: see
// docs/protocol.md#publishing-line-by-line. It costs two goroutines, and buffers
// while a line is on its way.
//
// # Stopping
//
// [Handler.Drain] ends streams one by one, so that their clients do not all
// come back at once; then shut the server down, and close the hub last.
//
//	api.Drain(ctx)
//	server.Shutdown(ctx)
//	hub.Close()
//
// # What it costs
//
// A stream is served by the request's own goroutine, with any
// [http.ResponseWriter] that can flush and has write deadlines, HTTP/2 and TLS
// included. It starts none, but for the time in which a snapshot is taken, and
// queues nothing: it holds a cursor of the hub, a timer, and while it writes two
// pooled buffers.
//
// A program that serves many streams lets their connections be taken over from
// the [http.Server], which takes a fraction of the memory while they wait; on
// Linux and over plain HTTP/1, perhaps behind a proxy, a few goroutines then write
// to all of them, which takes a fraction of that:
//
//	api := httpapi.New(hub, &httpapi.Options{Delivery: httpapi.Raw})
//	server := &http.Server{Handler: api, ConnContext: api.ConnContext}
//
// Streams of HTTP/2 are served as before. An [http.Server] does not know of the
// others any more: they end with Drain, and with the hub.
package httpapi
