package load

// idleScenario connects everybody and sends nothing. What connections cost while
// they wait is known at the end of that: connecting takes memory, which a server
// may give back.
func (r *run) idleScenario() (*Report, error) {
	m, err := newMeter(r.o.PIDs)
	if err != nil {
		return nil, err
	}
	if err := r.connect(""); err != nil {
		return nil, err
	}
	if err := r.during(r.o.Warmup); err != nil {
		return nil, err
	}
	if err := m.start(r); err != nil {
		return nil, err
	}
	if err := r.during(r.o.Duration); err != nil {
		return nil, err
	}
	if err := m.allConnected(); err != nil {
		return nil, err
	}
	if err := m.stop(r); err != nil {
		return nil, err
	}
	return m.report(r), nil
}
