package load

import (
	"fmt"
	"time"
)

// stream publishes to subscribers that are connected: the scenarios Broadcast,
// Owners and Stalled.
func (r *run) stream() (*Report, error) {
	m, err := r.connectAll()
	if err != nil {
		return nil, err
	}
	if err := r.startPublishing(); err != nil {
		return nil, err
	}
	if err := r.during(r.o.Warmup); err != nil {
		return nil, err
	}
	if err := m.start(r); err != nil {
		return nil, err
	}
	if err := r.measured(m); err != nil {
		return nil, err
	}
	if err := m.stop(r); err != nil {
		return nil, err
	}
	report := m.report(r)
	if err := r.stopPublishing(); err != nil {
		return nil, err
	}
	r.addStalled(report)
	return report, nil
}

// connectAll connects everybody, and returns what measures that knows what the
// connections cost.
func (r *run) connectAll() (*meter, error) {
	m, err := newMeter(r.o.PIDs)
	if err != nil {
		return nil, err
	}
	if err := r.connect(""); err != nil {
		return nil, err
	}
	if err := r.connectPublishers(); err != nil {
		return nil, err
	}
	if err := r.during(settle); err != nil {
		return nil, err
	}
	return m, m.allConnected()
}

// measured lets the time pass that is measured. Readers that stall are looked
// after meanwhile, and so is the memory that they cost.
func (r *run) measured(m *meter) error {
	if r.o.Stalled == 0 {
		return r.alive(r.o.Duration)
	}
	const look = 500 * time.Millisecond
	for left := r.o.Duration; left > 0; left -= look {
		if err := r.during(min(look, left)); err != nil {
			return err
		}
		if err := r.lookAfterStalled(); err != nil {
			return err
		}
		if err := m.sampleMemory(); err != nil {
			return err
		}
	}
	return nil
}

// alive lets time pass, in which something has to happen.
func (r *run) alive(d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		before := r.progress()
		if err := r.during(min(r.o.Patience, time.Until(end))); err != nil {
			return err
		}
		if r.progress() == before && r.outstanding > 0 && time.Now().Before(end) {
			return fmt.Errorf("nothing arrived for %s: %w", r.o.Patience, r.judge.missing())
		}
	}
	return nil
}
