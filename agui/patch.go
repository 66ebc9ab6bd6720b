package agui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tidings-dev/tidings/internal/jsonscan"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// An Operation is one step of a JSON Patch. [Add], [Remove], [Replace],
// [Move], [Copy] and [Test] make them. Paths are JSON Pointers: "/items/0" is
// an element, "/items/-" the place after the last, "" the whole document; a "/"
// in a name is written "~1" and a "~" is "~0".
// (RFC 6902, RFC 6901; schema.json JsonPatchOperation)
type Operation struct {
	Op    Op
	Path  string
	From  string         // of move and copy
	Value any            // of add, replace and test; nil is null
	Extra map[string]any // members that the operation does not define and everybody ignores; nil is none
}

// An Op is what an [Operation] does.
type Op string

// The operations of RFC 6902, section 4.
const (
	OpAdd     Op = "add"
	OpRemove  Op = "remove"
	OpReplace Op = "replace"
	OpMove    Op = "move"
	OpCopy    Op = "copy"
	OpTest    Op = "test"
)

// Add sets a member, or inserts an element. (RFC 6902, 4.1)
func Add(path string, value any) Operation { return Operation{Op: OpAdd, Path: path, Value: value} }

// Remove takes away what must be there. (RFC 6902, 4.2)
func Remove(path string) Operation { return Operation{Op: OpRemove, Path: path} }

// Replace sets what must be there. (RFC 6902, 4.3)
func Replace(path string, value any) Operation {
	return Operation{Op: OpReplace, Path: path, Value: value}
}

// Move is Remove at from and Add at path. (RFC 6902, 4.4)
func Move(from, path string) Operation { return Operation{Op: OpMove, Path: path, From: from} }

// Copy is Add at path of what is at from. (RFC 6902, 4.5)
func Copy(from, path string) Operation { return Operation{Op: OpCopy, Path: path, From: from} }

// Test makes the patch fail if something else is at path. (RFC 6902, 4.6)
func Test(path string, value any) Operation { return Operation{Op: OpTest, Path: path, Value: value} }

// takesFrom and takesValue say which members an operation defines.
func (op Op) takesFrom() bool  { return op == OpMove || op == OpCopy }
func (op Op) takesValue() bool { return op == OpAdd || op == OpReplace || op == OpTest }

// defines reports whether the operation defines the member.
func (op Op) defines(member string) bool {
	switch member {
	case "op", "path":
		return true
	case "from":
		return op.takesFrom()
	case "value":
		return op.takesValue()
	}
	return false
}

func (o *Operation) members(c *codec) {
	if c.reading && !c.operation(o) {
		return
	}
	enum(c, "op", &o.Op, OpAdd, OpRemove, OpReplace, OpMove, OpCopy, OpTest)
	if o.Op.takesFrom() {
		c.pointer("from", &o.From)
	}
	c.pointer("path", &o.Path)
	if o.Op.takesValue() {
		c.value("value", &o.Value)
	}
	c.extra(o)
}

// operation begins to read an operation. Elsewhere what is missing reads as
// zero, but a path that is empty is the whole document.
func (c *codec) operation(o *Operation) bool {
	*o = Operation{}
	enum(c, "op", &o.Op)
	if !o.Op.takesValue() && !o.Op.takesFrom() && o.Op != OpRemove {
		c.fail("op", fmt.Sprintf("is %q, want one of JSON Patch", clip(o.Op)))
	}
	for _, name := range []string{"path", "from", "value"} {
		if o.Op.defines(name) && c.find(name) == nil {
			c.fail(name, "is missing")
		}
	}
	return c.err == nil
}

// pointer is a required JSON Pointer. (RFC 6901, 3)
func (c *codec) pointer(name string, p *string) {
	if c.reading && jsonscan.Kind(c.find(name)) == jsonscan.Null {
		c.fail(name, "is null, want a string")
	}
	c.text(name, p)
	if !isPointer(*p) {
		c.fail(name, fmt.Sprintf("is %q, want a JSON Pointer such as %q", clip(*p), "/items/0"))
	}
}

// isPointer reports whether p is empty or begins with a slash, and every tilde
// is one of ~0 and ~1.
func isPointer(p string) bool {
	for i := range len(p) {
		if p[i] == '~' && (i+1 == len(p) || p[i+1] != '0' && p[i+1] != '1') {
			return false
		}
	}
	return p == "" || p[0] == '/'
}

// extra is the members that the operation does not define.
func (c *codec) extra(o *Operation) {
	if c.reading {
		o.readExtra(c)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(o.Extra)) {
		if o.Op.defines(name) {
			c.fail(name, "is set twice, the second time in Extra")
		}
		c.element()
		c.out = append(jsontext.AppendString(c.out, name), ':')
		c.writeValue(name, o.Extra[name], anything)
	}
}

func (o *Operation) readExtra(c *codec) {
	for _, m := range c.in {
		name, _ := jsonscan.String(m.Key)
		if o.Op.defines(name) {
			continue
		}
		if o.Extra == nil {
			o.Extra = make(map[string]any)
		}
		o.Extra[name] = json.RawMessage(bytes.Clone(m.Value))
	}
}
