package contexts

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// A checkpoint is one or more parts, each a JSON object:
//
//	{"version":1,"after":"","items":[…],"more":true}
//
// The items are, over all parts, the contexts and then the marks of deletion,
// each from the one used longest ago. A context is the array
//
//	["id","name","created","updated",messages,tasks,"message ids","task ids"]
//
// whose ids are hashes of 8 bytes, newest first, in base64. A mark is the id.
// after is the hash of the part before, in hexadecimal, or empty: parts that are
// missing, mixed up or of different checkpoints are noticed.
const checkpointVersion = 1

// Sizes of the parts of a checkpoint, in bytes.
const (
	defaultPart  = 900 << 10
	smallestPart = 16 << 10 // more than the longest item takes
	partEnd      = len(`],"more":false}`)
)

// Checkpoint returns the state as one or more JSON objects of at most limit
// bytes each, from which [Restore] makes a Fold that goes on where this one is.
// Equal states have equal checkpoints. A limit of 0 or less means 900 KiB, and
// one below 16 KiB means that. Most owners need one part: with an id of
// 36 bytes and a name of 20 a context takes about 150 bytes, and up to 350 more
// for the ids it has seen.
func (f *Fold) Checkpoint(limit int) [][]byte {
	if limit <= 0 {
		limit = defaultPart
	}
	p := packer{limit: max(limit, smallestPart)}
	p.begin()
	var item []byte
	for _, c := range f.contexts.all() {
		item = c.appendItem(item[:0])
		p.add(item)
	}
	for id := range f.deleted.all() {
		item = jsontext.AppendString(item[:0], id)
		p.add(item)
	}
	p.end(false)
	return p.done
}

// appendItem appends a context as an item.
func (c *entry) appendItem(dst []byte) []byte {
	w := writer{out: append(dst, '[')}
	for _, s := range [...]string{
		c.ID, c.Name, c.Created.Format(time.RFC3339Nano), c.Updated.Format(time.RFC3339Nano),
	} {
		w.comma()
		w.out = jsontext.AppendString(w.out, s)
	}
	for _, n := range [...]int{c.Messages, c.Tasks} {
		w.comma()
		w.out = strconv.AppendInt(w.out, int64(n), 10)
	}
	for _, s := range [...]ids{c.messages, c.tasks} {
		w.comma()
		w.out = append(s.appendText(append(w.out, '"')), '"')
	}
	return append(w.out, ']')
}

// A packer puts items into parts.
type packer struct {
	limit int
	done  [][]byte
	w     writer // the part at hand
}

// begin begins a part.
func (p *packer) begin() {
	after := ""
	if n := len(p.done); n > 0 {
		after = fingerprint(p.done[n-1])
	}
	p.w.out = fmt.Appendf(nil, `{"version":%d,"after":%q,"items":[`, checkpointVersion, after)
}

// fingerprint names a part for the one after it.
func fingerprint(part []byte) string { return fmt.Sprintf("%016x", hash(part)) }

// add adds an item, to a further part if it does not fit into this one.
func (p *packer) add(item []byte) {
	if len(p.w.out)+1+len(item)+partEnd > p.limit {
		p.end(true)
		p.begin()
	}
	p.w.comma()
	p.w.out = append(p.w.out, item...)
}

// end ends a part.
func (p *packer) end(more bool) {
	p.done = append(p.done, fmt.Appendf(p.w.out, `],"more":%t}`, more))
}

// Restore returns the Fold that a checkpoint was taken of, given all its parts
// in their order; max is as for [NewFold], and if it is smaller than it was, the
// contexts that do not fit have left. Nothing of the checkpoint is trusted: what
// Checkpoint could not have written is an [*InvalidError].
func Restore(max int, parts ...[]byte) (*Fold, error) {
	s := restoring{reader{object: "checkpoint"}, NewFold(max)}
	if len(parts) == 0 {
		s.fail("", "has no parts, want what Checkpoint returned", nil)
	}
	after := ""
	for i, part := range parts {
		s.part(part, after, i < len(parts)-1)
		if s.err != nil {
			s.err.Field = joined("part "+strconv.Itoa(i), s.err.Field)
			return nil, s.err
		}
		after = fingerprint(part)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.fold, nil
}

// restoring is a checkpoint while it is read.
type restoring struct {
	reader
	fold *Fold
}

// part reads a part that comes after another and may have more after it.
func (s *restoring) part(data []byte, after string, more bool) {
	if problem := check(data); problem != "" {
		s.fail("", problem, nil)
		return
	}
	var m [4][]byte
	s.pick(data, []string{"version", "after", "items", "more"}, m[:])
	if v := s.count("version", m[0]); v != checkpointVersion {
		s.fail("version", fmt.Sprintf("is %d, want %d", v, checkpointVersion), nil)
	}
	if got := s.text("after", m[1]); got != after {
		s.fail("after", fmt.Sprintf("is %q, want %q: all parts of one checkpoint, in their order", clip(got), after), nil)
	}
	if got := string(m[3]) == "true"; got != more {
		s.fail("more", fmt.Sprintf("is %t, want %t: all parts of one checkpoint", got, more), nil)
	}
	if s.err == nil {
		s.items(m[2])
	}
}

// items reads the items of a part.
func (s *restoring) items(raw []byte) {
	i := 0
	for item, err := range jsonscan.Elements(raw) {
		if err != nil {
			s.fail("items", "is "+jsonscan.Kind(raw)+", want an array", err)
		} else if jsonscan.Kind(item) == jsonscan.Array {
			s.context(item)
		} else {
			s.mark(item)
		}
		if s.err != nil {
			s.err.Field = joined("items["+strconv.Itoa(i)+"]", s.err.Field)
			return
		}
		i++
	}
}

// context reads a context.
func (s *restoring) context(item []byte) {
	var m [][]byte
	for element := range jsonscan.Elements(item) {
		m = append(m, element)
	}
	if len(m) != 8 {
		s.fail("", fmt.Sprintf("has %d elements, want 8", len(m)), nil)
		return
	}
	c := entry{Context: Context{
		ID: s.id(m[0]), Name: s.text("name", m[1]),
		Created: s.time("created", m[2]), Updated: s.time("updated", m[3]),
		Messages: s.count("messages", m[4]), Tasks: s.count("tasks", m[5]),
	}, messages: s.ids("message ids", m[6]), tasks: s.ids("task ids", m[7])}
	if len(c.Name) > nameLimit {
		s.fail("name", fmt.Sprintf("has %d bytes, want at most %d", len(c.Name), nameLimit), nil)
	}
	if s.err == nil {
		s.fold.contexts.add(c.ID, c)
	}
}

// mark reads a mark of deletion.
func (s *restoring) mark(item []byte) {
	if id := s.id(item); s.err == nil {
		s.fold.deleted.add(id, struct{}{})
	}
}

// id reads an id that did not come before.
func (s *restoring) id(raw []byte) string {
	id := s.text("id", raw)
	if problem, err := checkID(id); problem != "" {
		s.fail("id", problem, err)
	}
	if s.fold.contexts.has(id) || s.fold.deleted.has(id) {
		s.fail("id", fmt.Sprintf("is %q, which came before", clip(id)), nil)
	}
	return id
}

// ids reads hashes.
func (s *restoring) ids(field string, raw []byte) ids {
	text := s.text(field, raw)
	hashes, ok := readIDs(text)
	if !ok {
		s.fail(field, fmt.Sprintf("are %q, want at most %d hashes of 8 bytes in base64", clip(text), idsLimit), nil)
	}
	return hashes
}
