// Package agui knows as much of AG-UI, the protocol between agents and user
// interfaces, as a hub must in order to route its events.
//
// Events pass through a hub as the bytes their producer wrote. [Peek] reads
// what routing needs from them: the type, the thread and the run. Most events
// name neither thread nor run; they belong to the run that the last
// RUN_STARTED before them opened. A [Tracker] follows one request body or one
// open stream and fills in what an event inherits.
//
//	var tracker agui.Tracker
//	for _, data := range body {
//		p, err := agui.Peek(data)
//		if err != nil {
//			return err
//		}
//		if p, err = tracker.Next(p); err != nil {
//			return err
//		}
//		// p.ThreadID is the session of the event.
//	}
//
// Neither validates: what an event of some type must hold is not looked at,
// and types that are not known, such as those of a later version, pass.
package agui
