//go:build !linux

package delivery_test

import (
	"errors"
	"testing"

	"github.com/tidings-dev/tidings/internal/delivery"
)

func TestOtherSystemsAreNotSupported(t *testing.T) {
	s, err := delivery.New(nil)
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("New: got %v, want ErrUnsupported", err)
	}
	if err := s.Serve(nil, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Serve: got %v, want ErrUnsupported", err)
	}
	s.Close()
}

// makers are those of this system.
var makers = map[string]maker{"portable": newPortable}
