// Package postgres keeps the events of a hub in a PostgreSQL database, for those
// who have one and want events to commit with their data. Any number of
// processes share a log: each sees all events, in one order.
//
//	log, err := postgres.Open(ctx, "postgres://app@db.example/app", nil)
//	if err != nil {
//		return err
//	}
//	defer log.Close()
//	hub, err := tidings.New(ctx, log, nil)
//
// An append is one call of a function in the database, which locks the head row,
// takes the next positions, inserts the whole batch and notifies once. The order
// of commits is the order of positions: who follows the log by "seq greater than
// the last" misses nothing. A notification carries no data and is only a reason
// to look; looking from time to time is what makes it correct.
//
// A program may publish in the transaction that changes its own data, from any
// language or trigger, by calling the function tidings_publish of the log's
// schema: "user", channel, session, type, data and key, where the key may be left
// out. The event is in the log soon after that transaction commits, and never if
// it does not. Who moves it are the logs that somebody follows, as hubs do, so
// that only who knows the channels judges what may be on them.
//
// docs/operations.md has what an operator wants to know.
package postgres
