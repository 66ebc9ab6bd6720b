// Package nats keeps the events of a hub in a stream of NATS JetStream, for those
// who operate one. Any number of processes share a log: each sees all events, in
// one order.
//
//	log, err := nats.Open(ctx, "nats://nats.example:4222", nil)
//	if err != nil {
//		return err
//	}
//	defer log.Close()
//	hub, err := tidings.New(ctx, log, nil)
//
// It needs a server of version 2.12.3 or later. Package embedded, beneath this one,
// has the server in the process.
//
// The seq of an event is its sequence in the stream. Its owner is the last token
// of its subject, in base64, so that an owner's history is what has one subject;
// all else is in headers. A key is an id by which the stream knows messages that
// it has. What is appended at once is published as an atomic batch.
//
// Nothing leaves the stream by its own limits: what is discarded is remembered in
// a bucket beside it, so that a reader who missed some of it is told. What is
// missing and was not discarded is an error that matches ErrDamaged.
package nats
