package tidings

// Position returns the position up to which everything selected was returned:
// where the Subscription began, as long as nothing was read. It is zero if it
// began with Oldest and the log has not been asked yet. It may be called at any
// time.
func (s *Subscription) Position() ID { return s.cursor.position() }
