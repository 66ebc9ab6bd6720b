package analytics

// Kept returns how much f remembers: owners, sessions, people and seconds of
// windows.
func (f *Fold) Kept() (owners, sessions, people, seconds int) {
	seconds = len(f.window)
	for _, o := range f.owners {
		seconds += len(o.window)
	}
	return len(f.owners), len(f.sessions), len(f.people), seconds
}
