package httpapi_test

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// BenchmarkIdle is the heap that a stream holds that waits, each of an owner of
// its own.
func BenchmarkIdle(b *testing.B) {
	for name, delivery := range map[string]httpapi.Delivery{"raw": httpapi.Raw, "portable": httpapi.Portable, "request": httpapi.ByRequest} {
		b.Run(name, func(b *testing.B) {
			const n = 2000
			hub := newHub(b, nil, &tidings.Options{MaxConnections: -1})
			h := httpapi.New(hub, &httpapi.Options{Delivery: delivery})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := &http.Server{Handler: h, ConnContext: h.ConnContext}
			go server.Serve(listener) // ends with Close
			defer server.Close()
			defer h.Drain(canceled())
			for b.Loop() {
				before := heap()
				fds := make([]int, n)
				for i := range fds {
					fds[i] = dial(b, listener.Addr().(*net.TCPAddr).Port, fmt.Sprint("u", i))
				}
				b.ReportMetric(float64(heap()-before)/n, "B/stream")
				for _, fd := range fds {
					syscall.Close(fd)
				}
			}
		})
	}
}

// dial opens a stream with as little memory as that takes, and reads its start.
func dial(b *testing.B, port int, user string) int {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		_, err = syscall.Write(fd, fmt.Appendf(nil, "GET /v1/stream/agui?user=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", user))
	}
	if err == nil {
		_, err = syscall.Read(fd, make([]byte, 1000))
	}
	if err != nil {
		b.Fatal(err)
	}
	return fd
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
