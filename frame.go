package tidings

import "strconv"

// A frame is an event in the form in which every subscriber needs it, made
// once when the event enters a window: the lines
//
//	id: <id>
//	data: <payload>
//
// and a blank line, as text/event-stream asks for them (WHATWG HTML 9.2.5).
// The event's Data is a part of it, so a retained payload is stored once.
//
// The root knows this one format because the window keeps it; the rest of the
// format, and everything about connections, is sse's and httpapi's.
type frame []byte

const (
	frameID   = "id: "
	frameData = "\ndata: "
	frameEnd  = "\n\n"
)

// newFrame encodes an event and returns the frame and the payload inside it.
func newFrame(id ID, data []byte) (frame, []byte) {
	f := make(frame, 0, len(frameID)+maxIDLen+len(frameData)+len(data)+len(frameEnd))
	f = append(f, frameID...)
	f = id.append(f)
	f = append(f, frameData...)
	at := len(f)
	f = append(f, data...)
	f = append(f, frameEnd...)
	return f, f[at : at+len(data) : at+len(data)]
}

// AppendFrame appends the event as a text/event-stream frame with its id and,
// as data, prefix, the payload and suffix; neither may contain a line break.
// An event from a Subscription is not encoded again.
func (e *Event) AppendFrame(dst []byte, prefix, suffix string) []byte {
	f, data := e.frame, e.Data
	if f == nil {
		f, data = newFrame(e.ID, e.Data)
	}
	if prefix == "" && suffix == "" {
		return append(dst, f...)
	}
	head := len(f) - len(frameEnd) - len(data)
	dst = append(dst, f[:head]...)
	dst = append(dst, prefix...)
	dst = append(dst, data...)
	dst = append(dst, suffix...)
	return append(dst, frameEnd...)
}

// itoa keeps error messages short to write.
func itoa(n int) string { return strconv.Itoa(n) }
