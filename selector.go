package tidings

import "slices"

// A Selector says which events of a log are meant. The zero Selector selects
// everything of the owner whose name is empty; nothing but Everyone selects
// events of several owners.
type Selector struct {
	// User is the owner.
	User string
	// Everyone selects events of every owner; User is then ignored.
	Everyone bool
	// Channels, if not empty, are the only channels selected. Empty selects
	// all that are not reserved.
	Channels []Channel
	// Sessions, if not empty, are the only sessions selected.
	Sessions []string
	// Types, if not empty, are the only types selected.
	Types []string
}

// Matches reports whether the event is selected. It is safe for concurrent
// use.
func (s *Selector) Matches(e *Event) bool {
	return (s.Everyone || s.User == e.User) && s.narrows(e)
}

// narrows reports whether the event passes everything but the owner.
func (s *Selector) narrows(e *Event) bool {
	return s.channel(e.Channel) &&
		(len(s.Sessions) == 0 || slices.Contains(s.Sessions, e.Session)) &&
		(len(s.Types) == 0 || slices.Contains(s.Types, e.Type))
}

// channel reports whether the selector includes the channel.
func (s *Selector) channel(c Channel) bool {
	if len(s.Channels) == 0 {
		return !c.Reserved()
	}
	return slices.Contains(s.Channels, c)
}

// alike reports whether two selectors select the same of an owner, written the
// same way.
func (s *Selector) alike(o *Selector) bool {
	return s.Everyone == o.Everyone && slices.Equal(s.Channels, o.Channels) &&
		slices.Equal(s.Sessions, o.Sessions) && slices.Equal(s.Types, o.Types)
}

// clone returns a copy that shares nothing with s.
func (s *Selector) clone() Selector {
	c := *s
	c.Channels = slices.Clone(s.Channels)
	c.Sessions = slices.Clone(s.Sessions)
	c.Types = slices.Clone(s.Types)
	return c
}
