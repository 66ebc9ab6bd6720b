package pgtest

// Programs looks for PostgreSQL's programs.
var Programs = programs

// Start tries to start a server, and returns why it did not.
func Start(o *Options) error {
	s, err := start(o)
	if err != nil {
		return err
	}
	return s.cluster.close()
}
