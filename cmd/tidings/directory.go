package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/nats"
	"github.com/tidings-dev/tidings/nats/embedded"
)

// defaultDirectory is where events are kept, in the working directory, if
// nothing says otherwise.
const defaultDirectory = "tidings-data"

// syncAlways is the value of --fsync that waits for the disk.
const syncAlways = "always"

// directoryLog has the flags of a log in a directory.
type directoryLog struct {
	DataDir string `env:"TIDINGS_DATA_DIR" placeholder:"DIR" help:"The directory with the events, which no other process uses and which is made if it is not there (the first of $$STATE_DIRECTORY, which systemd sets, or else ./tidings-data)."`
	Fsync   string `default:"interval" enum:"interval,always" env:"TIDINGS_FSYNC" help:"When the disk is waited for: interval is once a second, so a power cut can take the last second, always is before each event is acknowledged (${default})."`
}

// retention has the flags that bound what a log in a directory or on a server of
// NATS keeps.
type retention struct {
	RetainAge   ageBound  `default:"7d" env:"TIDINGS_RETAIN_AGE" placeholder:"AGE" help:"How long events are kept, such as 7d or 12h, or unlimited (${default}); on a server of NATS, too."`
	RetainBytes sizeBound `default:"16GiB" env:"TIDINGS_RETAIN_BYTES" placeholder:"SIZE" help:"How much of the disk events may take before the oldest go, such as 500MB or 16GiB, or unlimited (${default}); on a server of NATS, too."`
	AcceptLoss  bool      `env:"TIDINGS_ACCEPT_LOSS" help:"Start though files were damaged and events are missing: readers are told, and what is older is discarded. For one start; on a server of NATS, too."`
}

// options returns the options of a log with these bounds.
func (r *retention) options(logger *slog.Logger) nats.Options {
	return nats.Options{RetainAge: time.Duration(r.RetainAge), RetainBytes: int64(r.RetainBytes), AcceptLoss: r.AcceptLoss, Logger: logger}
}

// path returns where the directory is, from the root on: what is said of it is
// also read elsewhere, such as in a journal.
func (d *directoryLog) path() string {
	dir := d.DataDir
	if dir == "" {
		dir, _, _ = strings.Cut(os.Getenv("STATE_DIRECTORY"), ":") // systemd.exec(5): several have colons between
	}
	if dir == "" {
		dir = defaultDirectory
	}
	if whole, err := filepath.Abs(dir); err == nil {
		return whole
	}
	return dir
}

// open opens the log.
func (d *directoryLog) open(ctx context.Context, r *retention, logger *slog.Logger) (*embedded.Log, error) {
	log, err := embedded.Open(ctx, d.path(), d.options(r, logger))
	if errors.Is(err, nats.ErrDamaged) {
		return nil, fmt.Errorf("%w (in the command: --accept-loss)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (--data-dir says where events are kept)", err)
	}
	return log, nil
}

// options returns the options of the log.
func (d *directoryLog) options(r *retention, logger *slog.Logger) *embedded.Options {
	return &embedded.Options{Log: r.options(logger), SyncAlways: d.Fsync == syncAlways}
}

// promise says what is lost by what.
func (d *directoryLog) promise() string {
	if d.Fsync == syncAlways {
		return "What is acknowledged is on the disk: neither the end of this process nor a power cut takes it."
	}
	return "What is acknowledged survives this process, whatever ends it; a power cut can take the last second (--fsync always: nothing)."
}
