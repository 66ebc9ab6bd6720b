// Package embedded keeps the events of a hub in a directory, by a server of NATS
// JetStream that runs in the process and listens to nobody else.
//
//	log, err := embedded.Open(ctx, "/var/lib/app/events", nil)
//	if err != nil {
//		return err
//	}
//	defer log.Close()
//	hub, err := tidings.New(ctx, log, nil)
//
// The death of the process, whatever its reason, loses nothing that was
// acknowledged: it is with the system by then. A power cut can take what the
// system has not written to the disk yet, up to Options.SyncInterval, unless
// SyncAlways is set. While the disk is full events cannot be appended, and what is
// there is read as always; the log goes on by itself when there is room again.
//
// Files that were damaged are noticed when the log is opened, which looks through
// all of them: it is refused. Options.Log.AcceptLoss opens it all the same and has
// every reader told who might miss something.
package embedded
