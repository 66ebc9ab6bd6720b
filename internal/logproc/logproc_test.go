package logproc_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/logproc"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestMain(m *testing.M) {
	logproc.Main(openFlawed)
	goleak.VerifyTestMain(m)
}

// A flawed log leaves goroutines behind where its flaw says, or is none.
type flawed struct {
	*tidingstest.RecallingLog
	flaw string
}

func openFlawed(_ context.Context, flaw string) (*flawed, error) {
	if flaw == "open" {
		return nil, errors.New("no such log")
	}
	return &flawed{tidingstest.NewSliceLog(nil).Recalling(), flaw}, nil
}

// Append refuses events of a type that names an error.
func (f *flawed) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	for _, e := range events {
		if err := refusals[e.Type]; err != nil {
			return nil, fmt.Errorf("append: %w", err)
		}
	}
	return f.RecallingLog.Append(ctx, events)
}

var refusals = map[string]error{
	"refused: unavailable": tidings.ErrUnavailable,
	"refused: truncated":   &tidings.TruncatedError{Floor: tidings.NewID(time.Unix(1, 0), 7)},
	"refused: both":        errors.Join(tidings.ErrUnknownOutcome, tidings.ErrClosed),
	"refused: other":       errors.New("other"),
}

func (f *flawed) Tail(ctx context.Context, after tidings.ID) iter.Seq2[tidings.Batch, error] {
	if f.flaw == "tail" {
		go func() { select {} }()
	}
	return f.RecallingLog.Tail(ctx, after)
}

func (f *flawed) Close() error {
	if f.flaw == "close" {
		go func() { select {} }()
	}
	return nil
}

func TestALogInAProcessKeepsTheContract(t *testing.T) {
	t.Parallel()
	tidingstest.TestLog(t, tidingstest.Harness[tidings.Log]{
		New:  func(t testing.TB) tidings.Log { return logproc.Start(t, "none") },
		Open: func(_ testing.TB, l tidings.Log) tidings.Log { return l },
	})
}

func TestErrorsMatchWhatTheyDid(t *testing.T) {
	l := logproc.Start(t, "none")
	for name, want := range refusals {
		_, err := l.Append(t.Context(), []tidings.Event{{Channel: tidings.System, Type: name, Data: []byte("{}")}})
		if err == nil || err.Error() != "append: "+want.Error() {
			t.Errorf("%s: got %v", name, err)
		}
		for _, sentinel := range []error{
			tidings.ErrUnavailable, tidings.ErrTruncated, tidings.ErrUnknownOutcome, tidings.ErrClosed, tidings.ErrForeign, context.Canceled,
		} {
			if got, want := errors.Is(err, sentinel), errors.Is(want, sentinel); got != want {
				t.Errorf("%s: that it matches %q is %t, want %t", name, sentinel, got, want)
			}
		}
		got, _ := errors.AsType[*tidings.TruncatedError](err)
		if want, ok := errors.AsType[*tidings.TruncatedError](want); ok && (got == nil || got.Floor != want.Floor) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// A recorder takes note of what is reported to it.
type recorder struct {
	testing.TB
	cleanups []func()
	said     []string
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// run starts a log with a flaw, leaves 64 Tails, and takes note of what is reported.
func (r *recorder) run(flaw string) {
	defer func() {
		if said := recover(); said != nil {
			r.said = append(r.said, fmt.Sprint(said))
		}
		for _, f := range r.cleanups {
			f()
		}
	}()
	l := logproc.Start(r, flaw)
	for range 64 {
		for _, err := range l.Tail(r.Context(), tidings.ID{}) {
			if err != nil {
				r.Fatal(err)
			}
			break
		}
	}
}

// Each process that fails is one report, and one whose log does not open another.
func TestAProcessReportsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for flaw, want := range map[string]int{"none": 0, "tail": 1, "close": 1, "open": 2} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			if r.run(flaw); len(r.said) != want {
				t.Errorf("got %q, want %d reports", strings.Join(r.said, "\n"), want)
			}
		})
	}
}
