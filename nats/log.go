package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

// A Log is a tidings.Log in a stream of NATS JetStream. All methods may be called
// concurrently.
type Log struct {
	opts     Options
	names    names
	nc       *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	state    atomic.Pointer[jetstream.KeyValue] // see bucket
	link     *link
	acks     *acks
	scan     *scan
	spans    question[span]
	floors   question[tidings.ID]
	purges   purges
	health   health
	accounts accounts
	raising  sync.Mutex            // is held by who raises the floor
	damaged  atomic.Pointer[error] // what is missing, if anything
	// inProcess says that no message is lost on its way.
	inProcess bool
	life      context.Context // ends with Close
	end       context.CancelCauseFunc
	beginning sync.Mutex     // is held where work begins, and when life ends
	work      sync.WaitGroup // who discards, and who asks and loads for others
	closing   sync.Once
	release   func() // what is to be done after that
}

var (
	_ tidings.Log       = (*Log)(nil)
	_ tidings.Pipelined = (*Log)(nil)
)

// Open returns the log in the stream of a server that url names, as the client of
// NATS reads it: one URL, or several with commas between. It creates the stream if
// it is not there. Further options of the client, such as credentials, may follow.
//
// As long as the server cannot be reached, or is starting, Open tries again until
// ctx ends. What waiting does not change, such as wrong credentials or a stream
// that cannot hold a log, is an error at once.
func Open(ctx context.Context, url string, opts *Options, more ...nats.Option) (*Log, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if _, err := Servers(url); err != nil {
		return nil, err
	}
	return openPatiently(ctx, url, o, more)
}

// newLog returns the log in a stream of a server that is connected.
func newLog(ctx context.Context, nc *nats.Conn, k *link, o Options) (*Log, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	a, err := newAcks(nc)
	if err != nil {
		return nil, err
	}
	l := &Log{opts: o, names: names(o.Stream), nc: nc, js: js, link: k, acks: a, scan: newScan(), inProcess: nc.Opts.InProcessServer != nil}
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	if err := l.lookThrough(ctx); err != nil {
		return nil, fmt.Errorf("nats: the stream %s: %w", o.Stream, err)
	}
	l.life, l.end = context.WithCancelCause(context.Background())
	l.work.Go(l.retain)
	return l, nil
}

// prepare sees to it that stream and state are there, if the server can have
// them.
func (l *Log) prepare(ctx context.Context) (err error) {
	ctx, done := l.asking(ctx, 2*askTimeout)
	defer done()
	if err := l.checkServer(ctx); err != nil {
		return err
	}
	if l.stream, err = l.js.CreateStream(ctx, l.config()); errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		l.stream, err = l.js.Stream(ctx, l.opts.Stream)
	}
	if err != nil {
		return fmt.Errorf("nats: the stream %s: %w", l.opts.Stream, because(ctx, err))
	}
	if wrong := l.checkStream(l.stream.CachedInfo().Config); len(wrong) > 0 { // somebody else made it meanwhile
		return l.unfit(wrong)
	}
	l.health.saw(l.stream.CachedInfo().State)
	bucket, err := l.js.CreateOrUpdateKeyValue(ctx, l.stateConfig())
	if err != nil {
		return fmt.Errorf("nats: the bucket %s: %w", l.names.state(), because(ctx, err))
	}
	l.state.Store(&bucket)
	return l.checkPermissions(ctx)
}

// bucket returns what has what is to be known beside the events.
func (l *Log) bucket() jetstream.KeyValue { return *l.state.Load() }

// config is that of the stream. Nothing leaves it by itself: who discards has to
// remember the floor first.
func (l *Log) config() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: l.opts.Stream, Subjects: []string{l.names.all()}, Description: "events of tidings",
		Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Replicas: l.opts.Replicas,
		MaxConsumers: -1, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1,
		Duplicates: l.opts.KeyWindow, AllowDirect: true, AllowAtomicPublish: true,
	}
}

func (l *Log) stateConfig() jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{Bucket: l.names.state(), Description: "floors of tidings", History: 1, Replicas: l.opts.Replicas}
}

// Close ends everything that waits for the log with ErrClosed, and lets go of its
// connection. It may be called more than once, also concurrently, and returns when
// nothing is left.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.beginning.Lock()
		l.end(tidings.ErrClosed)
		l.beginning.Unlock()
		l.link.close()
		l.work.Wait()
		if l.release != nil {
			l.release()
		}
	})
	return nil
}

// beside has something done for which Close waits, and reports whether it is: not
// of a log that is closed.
func (l *Log) beside(work func()) bool {
	l.beginning.Lock()
	defer l.beginning.Unlock()
	if l.life.Err() != nil {
		return false
	}
	l.work.Go(work)
	return true
}

// use returns a context that also ends when the log is closed, and what lets go
// of it.
func (l *Log) use(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(tidings.ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}
