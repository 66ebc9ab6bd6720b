package tidings

import "strconv"

// A frame is an event in the form in which every subscriber needs it, made
// once when the event enters a window: the lines
//
//	data: <payload>
//	id: <id>
//
// and a blank line, as text/event-stream asks for them (WHATWG HTML 9.2.5).
// The id comes last because there are clients that take it for their position
// as soon as they have read its line: cut in the middle of the frame, they
// would pass by the event. The event's Data is a part of the frame, so a
// retained payload is stored once.
//
// The root knows this one format because the window keeps it; the rest of the
// format, and everything about connections, is sse's and httpapi's.
type frame []byte

const (
	frameData = "data: "
	frameID   = "\nid: "
	frameEnd  = "\n\n"
)

// newFrame encodes an event and returns the frame and the payload inside it. No
// payload breaks the frame, whoever put it into the log: one that a hub checked
// has no line breaks, another loses them.
func newFrame(id ID, data []byte) (frame, []byte) {
	data = oneLine(data)
	f := make(frame, 0, len(frameData)+len(data)+len(frameID)+maxIDLen+len(frameEnd))
	f = append(f, frameData...)
	f = append(f, data...)
	f = append(f, frameID...)
	f = id.append(f)
	f = append(f, frameEnd...)
	end := len(frameData) + len(data)
	return f, f[len(frameData):end:end]
}

// AppendFrame appends the event as a text/event-stream frame with its id and,
// as data, prefix, the payload and suffix; neither may contain a line break.
// An event from a Subscription is not encoded again, unless it was given other
// Data.
func (e *Event) AppendFrame(dst, prefix, suffix []byte) []byte {
	f, data := e.frame, e.Data
	if !f.holds(data) {
		f, data = newFrame(e.ID, data)
	}
	if len(prefix) == 0 && len(suffix) == 0 {
		return append(dst, f...)
	}
	dst = append(dst, frameData...)
	dst = append(dst, prefix...)
	dst = append(dst, data...)
	dst = append(dst, suffix...)
	return append(dst, f[len(frameData)+len(data):]...)
}

// holds reports whether data is the payload inside the frame, and not a copy or
// a part of it. A payload has no line break.
func (f frame) holds(data []byte) bool {
	at, end := len(frameData), len(frameData)+len(data)
	return len(data) > 0 && end < len(f) && &f[at] == &data[0] && f[end] == frameID[0]
}

// itoa keeps error messages short to write.
func itoa(n int) string { return strconv.Itoa(n) }
