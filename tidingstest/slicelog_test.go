package tidingstest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

var errFault = errors.New("injected")

// text returns an event that carries a word.
func text(word string) tidings.Event {
	return tidings.Event{User: "u", Channel: tidings.System, Data: []byte(word)}
}

// keep appends one event for each word.
func keep(t *testing.T, l tidings.Log, words ...string) []tidings.Receipt {
	t.Helper()
	events := make([]tidings.Event, len(words))
	for i, w := range words {
		events[i] = text(w)
	}
	receipts, err := l.Append(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

// words returns what a Read of everything yields, as one string.
func words(t *testing.T, l tidings.Log) string {
	t.Helper()
	var all []string
	for b, err := range l.Read(t.Context(), tidings.Selector{Everyone: true}, tidings.ID{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			all = append(all, string(e.Data))
		}
	}
	return strings.Join(all, " ")
}

// watch tails the log until its context ends, and returns what it has seen:
// words, and the error it ended with.
func watch(ctx context.Context, l tidings.Log, after tidings.ID) func() string {
	var seen []string
	done := make(chan struct{})
	go func() { // ends with the tail; the returned function waits for it
		defer close(done)
		for b, err := range l.Tail(ctx, after) {
			for _, e := range b.Events {
				seen = append(seen, string(e.Data))
			}
			if err != nil {
				seen = append(seen, "("+err.Error()+")")
			}
		}
	}()
	return func() string { <-done; return strings.Join(seen, " ") }
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStampIsTheTimeOfTheAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tidingstest.NewSliceLog(nil)
		time.Sleep(time.Second)
		r := keep(t, l, "a", "b")
		check(t, "time", r[1].ID.Time(), time.Now().UTC())
		check(t, "seq", r[1].ID.Seq(), uint64(2))
	})
}

func TestRetainKeepsTheNewest(t *testing.T) {
	l := tidingstest.NewSliceLog(&tidingstest.SliceOptions{Retain: 2})
	r := keep(t, l, "a", "b", "c")
	check(t, "retained", words(t, l), "b c")
	floor, head, err := l.Bounds(t.Context())
	check(t, "bounds", fmt.Sprint(floor, head, err), fmt.Sprint(r[0].ID, r[2].ID, nil))
}

func TestHeldTailLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		l := tidingstest.NewSliceLog(nil)
		near, far := watch(ctx, l, tidings.ID{}), l.Replica()
		far.Tails.Hold()
		late := watch(ctx, far, tidings.ID{})
		keep(t, l, "a")
		if err := far.Tails.Await(ctx, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel(errFault)
		check(t, "near", near(), "a (tail: injected)")
		check(t, "far", late(), "(tail: injected)")
	})
}

func TestReleasedTailCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tidingstest.NewSliceLog(nil)
		seen := watch(t.Context(), l, tidings.ID{})
		synctest.Wait()
		l.Tails.Hold()
		keep(t, l, "a")
		keep(t, l, "b")
		synctest.Wait()
		l.Tails.Release()
		synctest.Wait()
		l.CutTails(errFault)
		check(t, "seen", seen(), "a b (tail: injected)")
	})
}

func TestAppendEndsAtItsGate(t *testing.T) {
	for _, tt := range []struct {
		name string
		gate func(*tidingstest.SliceLog) *tidingstest.Gate
		want string
		kept string
	}{
		{"before", func(l *tidingstest.SliceLog) *tidingstest.Gate { return &l.Appends }, "append: injected", ""},
		{"after", func(l *tidingstest.SliceLog) *tidingstest.Gate { return &l.Answers }, "append: tidings: outcome unknown: injected", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := tidingstest.NewSliceLog(nil)
			tt.gate(l).Hold()
			ctx, cancel := context.WithCancelCause(t.Context())
			failed := make(chan error)
			go func() { _, err := l.Append(ctx, []tidings.Event{text("a")}); failed <- err }()
			if err := tt.gate(l).Await(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			cancel(errFault)
			err := <-failed
			check(t, "error", err.Error(), tt.want)
			check(t, "unknown", errors.Is(err, tidings.ErrUnknownOutcome), tt.kept != "")
			check(t, "kept", words(t, l), tt.kept)
		})
	}
}

func TestFailedOperations(t *testing.T) {
	l := tidingstest.NewSliceLog(nil)
	l.Fail(tidingstest.OpAppend, errFault, context.Canceled)
	_, first := l.Append(t.Context(), []tidings.Event{text("a")})
	_, second := l.Append(t.Context(), []tidings.Event{text("a")})
	l.FailMidway(errFault)
	_, third := l.Append(t.Context(), []tidings.Event{text("a"), text("b")})
	check(t, "errors", fmt.Sprint(first, "; ", second, "; ", third),
		"append: injected; append: context canceled; append: injected")
	r := keep(t, l, "c")
	check(t, "kept", words(t, l), "c")
	check(t, "seq", r[0].ID.Seq(), uint64(1))

	l.Fail(tidingstest.OpBounds, errFault)
	l.Fail(tidingstest.OpRead, errFault)
	l.Fail(tidingstest.OpTail, errFault)
	_, _, err := l.Bounds(t.Context())
	check(t, "bounds", err.Error(), "bounds: injected")
	for _, err := range l.Read(t.Context(), tidings.Selector{}, tidings.ID{}) {
		check(t, "read", err.Error(), "read: injected")
	}
	check(t, "tail", watch(t.Context(), l, tidings.ID{})(), "(tail: injected)")
}

func TestLostAnswersAreAskedForAgain(t *testing.T) {
	l := tidingstest.NewSliceLog(nil)
	l.LoseAnswers(2)
	r := keep(t, l, "a", "b")
	check(t, "receipt", r[0].Duplicate, false)
	check(t, "kept", words(t, l), "a b")
}

func TestRolledBackBatchIsKeptAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tidingstest.NewSliceLog(nil)
		keep(t, l, "a")
		l.Answers.Hold()
		l.LoseAnswers(1)
		done := make(chan []tidings.Receipt)
		go func() { done <- keep(t, l, "b") }()
		synctest.Wait()
		l.Rollback(1)
		check(t, "kept before", words(t, l), "a")
		l.Answers.Release()
		<-done
		check(t, "kept", words(t, l), "a b")
	})
}

func TestBrokenBackendAnswersAfterRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tidingstest.NewSliceLog(nil)
		l.Answers.Hold()
		done := make(chan []tidings.Receipt)
		go func() { done <- keep(t, l, "a") }()
		synctest.Wait()
		l.Break(errFault)
		l.Answers.Release()
		_, refused := l.Append(t.Context(), []tidings.Event{text("b")})
		check(t, "refused", refused.Error(), "append: injected")
		synctest.Wait()
		l.Restore()
		check(t, "seq", (<-done)[0].ID.Seq(), uint64(1))
		check(t, "kept", words(t, l), "a")
	})
}

func TestRollbackAndReplaceEndTails(t *testing.T) {
	for name, do := range map[string]func(*tidingstest.SliceLog){
		"rollback": func(l *tidingstest.SliceLog) { l.Rollback(1) },
		"replace":  (*tidingstest.SliceLog).Replace,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := tidingstest.NewSliceLog(nil)
				old := keep(t, l, "a")
				seen := watch(t.Context(), l, tidings.ID{})
				synctest.Wait()
				do(l)
				check(t, "seen", seen(), "a (tail: tidings: position of another log)")
				now := keep(t, l, "b")
				check(t, "seq", now[0].ID.Seq(), old[0].ID.Seq())
				check(t, "another position", now[0].ID != old[0].ID, true)
			})
		})
	}
}
