package load

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// A herd has owner 0. Meanwhile somebody publishes for another, to whom nobody
// listens, so that what the herd is owed does not grow.
const (
	herdOwner   = 0
	besideOwner = 1
)

// herd connects everybody at once, each of whom is owed events.
func (r *run) herd() (*Report, error) {
	r.judge.owners = append(r.judge.owners, line{})
	m, err := newMeter(r.o.PIDs)
	if err != nil {
		return nil, err
	}
	if err := r.connectPublishers(); err != nil {
		return nil, err
	}
	position, err := r.owe()
	if err != nil {
		return nil, err
	}
	usual, err := r.usual()
	if err != nil {
		return nil, err
	}
	if err := m.start(r); err != nil {
		return nil, err
	}
	return r.stampede(m, position, usual)
}

// owe publishes what the herd is owed, and returns the position before it.
func (r *run) owe() (string, error) {
	watcher, err := net.Dial("tcp", r.streams.addr.String())
	if err != nil {
		return "", err
	}
	defer watcher.Close()
	if _, err := watcher.Write(r.streams.subscribe(nil, herdOwner, "")); err != nil {
		return "", err
	}
	if err := errors.Join(r.during(settle), r.publishOne()); err != nil {
		return "", err
	}
	position, err := positionOf(watcher, r.o.Patience)
	if err != nil {
		return "", err
	}
	r.judge.owners[herdOwner].readers = int32(len(r.subs))
	for range r.o.Owed {
		if err := r.publishOne(); err != nil {
			return "", err
		}
	}
	return position, nil
}

// publishOne publishes an event to the herd, and waits for the answer.
func (r *run) publishOne() error {
	i := r.nextIdle()
	p := &r.pubs[i]
	p.owner, p.due = herdOwner, append(p.due, r.now())
	if err := r.publish(i); err != nil {
		return err
	}
	return r.until(func() bool { return !r.unanswered() }, "the answer to a publisher")
}

// positionOf reads a stream until the first event, and returns its position.
func positionOf(stream net.Conn, patience time.Duration) (string, error) {
	if err := stream.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	in, position, event := bufio.NewReader(stream), "", false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("the stream had no event with an id: %w", err)
		}
		line = strings.TrimRight(line, "\r\n")
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			position = id
		}
		event = event || strings.Contains(line, payloadAt)
		if line == "" && event && position != "" {
			return position, nil
		}
	}
}

// usual publishes for a while beside the herd, and returns how long answers
// take.
func (r *run) usual() (*Quantiles, error) {
	for i := range r.pubs {
		r.pubs[i].owner = besideOwner
	}
	if err := r.startPublishing(); err != nil {
		return nil, err
	}
	r.acks.reset()
	if err := r.during(r.o.Warmup); err != nil {
		return nil, err
	}
	return r.acks.quantiles(), nil
}

// stampede connects the herd and waits until all have caught up.
func (r *run) stampede(m *meter, position string, usual *Quantiles) (*Report, error) {
	if err := r.connect(position); err != nil {
		return nil, err
	}
	err := r.until(func() bool { return r.outstanding == 0 }, "the herd to catch up")
	if missing := r.judge.missing(); err != nil && missing != nil {
		return nil, fmt.Errorf("%w: %w", err, missing)
	}
	if err := errors.Join(err, m.stop(r), m.allConnected()); err != nil {
		return nil, err
	}
	report := m.report(r)
	report.Latency = nil // of events that are owed it means nothing
	report.Herd = &HerdReport{
		Owed: r.o.Owed, Seconds: report.Seconds, Usual: usual,
		CPU: (m.last.server - m.first.server + m.last.kernel - m.first.kernel).Seconds(),
	}
	return report, r.stopPublishing()
}
