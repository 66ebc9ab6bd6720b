//go:build !linux

package load

import (
	"context"
	"errors"
	"fmt"
)

// Run puts a server under load until the scenario is over or ctx ends, and
// reports. It needs Linux; elsewhere the error is errors.ErrUnsupported. Any
// stream that is not as it should be is an error; see the package's
// documentation.
func Run(context.Context, *Options) (*Report, error) {
	return nil, fmt.Errorf("a load generator with epoll and /proc needs Linux: %w", errors.ErrUnsupported)
}
