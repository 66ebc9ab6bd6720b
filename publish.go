package tidings

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// Publish checks an event, appends it to the log and returns its receipt. It
// waits for the log, never for a subscriber. ID in event is ignored; Data is
// not held on to.
//
// Errors that match ErrInvalid say that the event cannot be; nothing was done.
// ErrUnknownOutcome says that ctx ended before it was known whether the event
// was kept: publish it again with the same Key, which should not be empty.
func (h *Hub) Publish(ctx context.Context, event Event) (Receipt, error) {
	events := [1]Event{event}
	receipts := [1]Receipt{}
	if err := cmp.Or(h.opts.Router.Check(event.Channel), h.opts.Limits.check(&events[0])); err != nil {
		return Receipt{}, h.refuse(err)
	}
	if err := h.timed(ctx, events[:], receipts[:]); err != nil {
		return Receipt{}, h.refuse(err)
	}
	h.acknowledge(&events[0], &receipts[0])
	return receipts[0], nil
}

// PublishBatch is Publish for several events: they are kept in their order,
// all of them or none. An event that cannot be is a *BatchError. An empty
// batch is invalid.
func (h *Hub) PublishBatch(ctx context.Context, events []Event) ([]Receipt, error) {
	events, err := h.checkBatch(events)
	if err != nil {
		return nil, h.refuse(err)
	}
	receipts := make([]Receipt, len(events))
	if err := h.timed(ctx, events, receipts); err != nil {
		return nil, h.refuse(err)
	}
	for i := range events {
		h.acknowledge(&events[i], &receipts[i])
	}
	return receipts, nil
}

// checkBatch returns copies of the events as they are kept.
func (h *Hub) checkBatch(events []Event) ([]Event, error) {
	limits := &h.opts.Limits
	if n := len(events); n == 0 || n > limits.Batch {
		err := invalid("batch", "", "1 to "+itoa(limits.Batch)+" events, not "+itoa(n))
		if n > 0 {
			err.Cause = ErrTooLarge
		}
		return nil, err
	}
	checked, size := make([]Event, len(events)), 0
	copy(checked, events)
	for i := range checked {
		size += len(checked[i].Data)
		if err := cmp.Or(h.opts.Router.Check(checked[i].Channel), h.opts.Limits.check(&checked[i])); err != nil {
			return nil, &BatchError{i, err}
		}
	}
	if size > limits.BatchBytes {
		err := invalid("batch", "", "at most "+itoa(limits.BatchBytes)+" bytes of data, not "+itoa(size))
		err.Cause = ErrTooLarge
		return nil, err
	}
	return checked, nil
}

// Check reports, as an *InvalidError, why an event cannot be: for its names, its
// type or its payload; what may be published on which channel a [Router] knows.
// It takes the line breaks between tokens out of Data, which is then another
// slice, and the ID away. Zero fields of l mean the defaults. A Hub checks so
// what is published; those who append to a log past a Hub do so before.
func (l Limits) Check(e *Event) error {
	l = l.withDefaults()
	return l.check(e)
}

// check is Check with limits that are all set.
func (l *Limits) check(e *Event) error {
	e.ID, e.frame = ID{}, nil
	for _, f := range [...]struct {
		field, value string
		limit        int
	}{
		{"user", e.User, l.Name}, {"session", e.Session, l.Name}, {"key", e.Key, l.Name},
		{"type", e.Type, l.Type}, {"trace", e.Trace, l.Name},
	} {
		if err := CheckName(f.field, f.value, f.limit); err != nil {
			return err
		}
	}
	if strings.HasPrefix(e.Type, reservedPrefix) {
		return invalid("type", e.Type, "one that does not begin with "+reservedPrefix)
	}
	var err error
	e.Data, err = l.payload(e.Data)
	return err
}

// timed is append, and tells how long that took.
func (h *Hub) timed(ctx context.Context, events []Event, receipts []Receipt) error {
	appended := h.opts.Hooks.Appended
	if appended == nil {
		return h.append(ctx, events, receipts)
	}
	began := time.Now()
	err := h.append(ctx, events, receipts)
	if err == nil {
		appended(len(events), time.Since(began))
	}
	return err
}

// append hands checked events to the log.
func (h *Hub) append(ctx context.Context, events []Event, receipts []Receipt) error {
	if h.life.Err() != nil {
		return ErrClosed
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if h.memory != nil {
		return h.memory.append(events, receipts)
	}
	for i := range events { // the log may keep Data, and it is the caller's
		events[i].Data = bytes.Clone(events[i].Data)
	}
	if err := h.commits.commit(ctx, events, receipts); err != nil {
		return err
	}
	w := h.current()
	for i := range events {
		receipts[i].Subscribers = w.concerned(&events[i])
	}
	return nil
}

// refuse counts a publish that failed.
func (h *Hub) refuse(err error) error {
	h.count.refused.Add(1)
	h.opts.Hooks.Refused(err)
	return err
}

// acknowledge counts a publish that succeeded.
func (h *Hub) acknowledge(e *Event, r *Receipt) {
	if r.Duplicate {
		h.count.duplicates.Add(1)
	} else {
		h.count.published.Add(1)
	}
	h.opts.Hooks.Published(e, *r)
}
