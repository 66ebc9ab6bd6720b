package load

import (
	"os"
	"slices"
	"time"
)

// A meter measures what processes use while a run goes on.
type meter struct {
	pids   []int // the server's
	kernel []int // ksoftirqd of the CPUs that the server is pinned to
	first  reading
	last   reading

	empty     int64 // bytes of the server before anybody connected
	connected int64 // with everybody connected
	most      int64 // seen since
}

// A reading is what had been used, and what had happened, at one moment.
type reading struct {
	at                         time.Time
	server, kernel, load, busy time.Duration
	events, deliveries         int
}

// newMeter returns a meter of the server's processes, to which nobody is
// connected yet.
func newMeter(pids []int) (*meter, error) {
	m := &meter{pids: pids}
	for _, pid := range pids {
		if cpu, is := pinned(pid); is {
			soft, err := ksoftirqd(cpu)
			if err != nil {
				return nil, err
			}
			m.addKernel(soft)
		}
	}
	var err error
	m.empty, err = processRSS(pids)
	return m, err
}

// addKernel adds a process of the kernel, once.
func (m *meter) addKernel(pid int) {
	if slices.Contains(m.kernel, pid) {
		return
	}
	m.kernel = append(m.kernel, pid)
}

// allConnected takes note of the server's memory with everybody connected.
func (m *meter) allConnected() (err error) {
	m.connected, err = processRSS(m.pids)
	m.most = m.connected
	return err
}

// sampleMemory takes note of how much memory the server has now.
func (m *meter) sampleMemory() error {
	rss, err := processRSS(m.pids)
	m.most = max(m.most, rss)
	return err
}

// start begins the time that is measured.
func (m *meter) start(r *run) (err error) {
	r.latency.reset()
	r.acks.reset()
	m.first, err = m.read(r)
	return err
}

// stop ends it.
func (m *meter) stop(r *run) (err error) {
	if m.last, err = m.read(r); err != nil {
		return err
	}
	return m.sampleMemory()
}

// read reads everything.
func (m *meter) read(r *run) (now reading, err error) {
	now = reading{at: time.Now(), events: len(r.judge.events), deliveries: r.deliveries}
	if now.server, err = processCPU(m.pids); err != nil {
		return now, err
	}
	if now.kernel, err = processCPU(m.kernel); err != nil {
		return now, err
	}
	if now.load, err = processCPU([]int{os.Getpid()}); err != nil {
		return now, err
	}
	now.busy, err = machineBusy()
	return now, err
}

// report says what was measured.
func (m *meter) report(r *run) *Report {
	took := m.last.at.Sub(m.first.at)
	report := &Report{
		Scenario: r.o.Scenario, Connections: r.o.Connections, Owners: r.o.Owners, Publishers: r.o.Publishers,
		Batch: r.o.Batch, NDJSON: r.o.NDJSON, Window: r.o.Window, Rate: r.o.Rate, Size: r.o.Size,
		Seconds: took.Seconds(), Events: m.last.events - m.first.events, Deliveries: m.last.deliveries - m.first.deliveries,
		Latency: r.latency.quantiles(), Answers: r.acks.quantiles(),
	}
	load := m.last.load - m.first.load
	report.LoadCPU = share(load, took)
	if len(m.pids) > 0 {
		report.Server = m.server(r, report)
		busy := m.last.busy - m.first.busy
		report.Server.OthersCPU = max(share(busy-load, took)-report.Server.CPU, 0)
	}
	report.finish()
	return report
}

// server says what the server used.
func (m *meter) server(r *run, report *Report) *Usage {
	cpu := m.last.server - m.first.server + m.last.kernel - m.first.kernel
	return &Usage{
		CPU: share(cpu, m.last.at.Sub(m.first.at)), KernelCPU: share(m.last.kernel-m.first.kernel, m.last.at.Sub(m.first.at)),
		PerDelivery: per(cpu, report.Deliveries), PerEvent: per(cpu, report.Events),
		RSS: m.connected, RSSPerConnection: (m.connected - m.empty) / int64(len(r.subs)), RSSGrowth: m.most - m.connected,
	}
}

// share returns which part of a time another is.
func share(part, whole time.Duration) float64 { return part.Seconds() / whole.Seconds() }

// per returns the microseconds that each of n cost.
func per(cpu time.Duration, n int) float64 {
	if n == 0 {
		return 0
	}
	return micros(cpu) / float64(n)
}
