package contexts

import "iter"

// A recent holds at most max values by name, in the order in which they were
// used. Above max the one leaves that was not used the longest.
type recent[V any] struct {
	max            int
	nodes          map[string]*node[V]
	oldest, newest *node[V]
}

// A node is one value and its neighbours in the order of use.
type node[V any] struct {
	name         string
	value        V
	older, newer *node[V]
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{max: most, nodes: make(map[string]*node[V])}
}

// has reports whether there is a value of the name, without using it.
func (r *recent[V]) has(name string) bool {
	_, ok := r.nodes[name]
	return ok
}

// use returns the value of the name, or nil. It is then the newest.
func (r *recent[V]) use(name string) *V {
	n, ok := r.nodes[name]
	if !ok {
		return nil
	}
	if n != r.newest {
		r.unlink(n)
		r.link(n)
	}
	return &n.value
}

// peek returns the value of the name, or nil, without using it.
func (r *recent[V]) peek(name string) *V {
	if n, ok := r.nodes[name]; ok {
		return &n.value
	}
	return nil
}

// add adds a value, as the newest, of a name that is not there.
func (r *recent[V]) add(name string, value V) *V {
	if len(r.nodes) == r.max {
		r.remove(r.oldest.name)
	}
	n := &node[V]{name: name, value: value}
	r.nodes[name] = n
	r.link(n)
	return &n.value
}

// remove removes the value of the name, if there is one.
func (r *recent[V]) remove(name string) {
	if n, ok := r.nodes[name]; ok {
		r.unlink(n)
		delete(r.nodes, name)
	}
}

// all yields names and values, oldest first.
func (r *recent[V]) all() iter.Seq2[string, *V] {
	return func(yield func(string, *V) bool) {
		for n := r.oldest; n != nil && yield(n.name, &n.value); {
			n = n.newer
		}
	}
}

// link makes n, which is in no order, the newest.
func (r *recent[V]) link(n *node[V]) {
	n.older, n.newer = r.newest, nil
	if r.newest == nil {
		r.oldest = n
	} else {
		r.newest.newer = n
	}
	r.newest = n
}

// unlink takes n out of the order.
func (r *recent[V]) unlink(n *node[V]) {
	if n.older == nil {
		r.oldest = n.newer
	} else {
		n.older.newer = n.newer
	}
	if n.newer == nil {
		r.newest = n.older
	} else {
		n.newer.older = n.older
	}
}
