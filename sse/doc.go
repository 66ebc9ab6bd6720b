// Package sse reads and writes text/event-stream, the format of server-sent
// events, exactly as the WHATWG HTML standard describes it (sections 9.2.5,
// parsing, and 9.2.6, interpreting an event stream). It knows nothing of HTTP
// and nothing of Tidings, and imports only the standard library.
//
// # Reading
//
// A [Decoder] turns an [io.Reader] into events:
//
//	d := sse.NewDecoder(resp.Body, &sse.Options{LastEventID: position})
//	for e, err := range d.Events() {
//		…
//	}
//	position = d.LastEventID() // resume from here
//
// By default it yields what a browser would dispatch and nothing else. Options
// make id-only frames ([Position]) and comments ([Comment]) visible too.
//
// # Writing
//
// [AppendEvent], [AppendID], [AppendComment] and [AppendRetry] append whole
// blocks, each ending in a blank line, so that any sequence of calls is a valid
// stream. There is no type around an [io.Writer]: the caller collects blocks in
// one buffer and decides when to write and to flush.
//
// # Guarantees
//
//   - The Decoder gives the same result however the bytes are cut into reads,
//     and gives an event as soon as its blank line has arrived: it never reads
//     on to see whether a CR is followed by an LF.
//   - A line may be as long as [Options.MaxEvent]; beyond it there is a
//     [*TooLargeError] and no silent truncation.
//   - No value passed to an Append function can start a field, a line or an
//     event of its own. What cannot be written so that it reads back the same
//     is refused with a [*FieldError], and nothing is appended.
//   - Lines end in LF only, and no event is written whose data is empty:
//     clients that parse every data as JSON fail on both.
//
// # Caveats
//
//   - Line ends within data come back as LF, whether they were CR, LF or CRLF:
//     the format cannot carry the difference.
//   - Bytes that are not UTF-8 are read as U+FFFD. The Append functions refuse
//     them, except in comments, where they write U+FFFD.
//   - The standard dispatches an event with an empty "data:" line; the Decoder
//     therefore yields it, though AppendEvent refuses to write it.
package sse
