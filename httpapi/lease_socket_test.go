package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// brief is alice's access, which expires after a while, unless it is asked for anew.
type brief struct {
	lasts  time.Duration
	issued atomic.Int64 // how often
}

func (b *brief) authenticate(r *http.Request) (httpapi.Access, error) {
	if r.Header.Get("Authorization") == bearer("root")[len("Authorization: "):] {
		return httpapi.Access{Subject: "root", Admin: true}, nil
	}
	n := b.issued.Add(1)
	return httpapi.Access{Subject: "alice", Owner: "alice", Issued: time.Now(), Expires: time.Now().Add(time.Duration(n) * b.lasts)}, nil
}

// On each path, on a socket, with the clock on the wall.
func TestASocketIsClosedWithinASecondOfTheExpiry(t *testing.T) {
	t.Parallel()
	a := serve(t, &httpapi.Options{Authenticate: (&brief{lasts: time.Second}).authenticate})
	r := a.follow("/v1/stream/agui")
	expires := time.Now().Add(time.Second)
	r.begins()
	var told wire.Expiring
	if err := json.Unmarshal([]byte(strings.TrimPrefix(r.after(), "tidings.expiring ")), &told); err != nil {
		t.Fatal(err)
	}
	if got := r.after(); got != "end" {
		t.Fatalf("got %s", got)
	}
	if late := time.Since(told.Expires); late < 0 || late > time.Second || told.Expires.After(expires) {
		t.Errorf("it is closed %v after %v", late, told.Expires)
	}
}

func TestASocketGoesOnWithNewerAccess(t *testing.T) {
	t.Parallel()
	a := serve(t, &httpapi.Options{Authenticate: (&brief{lasts: 2 * time.Second}).authenticate})
	r := a.follow("/v1/stream/agui")
	r.begins()
	var told wire.Expiring
	if err := json.Unmarshal([]byte(strings.TrimPrefix(r.after(), "tidings.expiring ")), &told); err != nil {
		t.Fatal(err)
	}
	if got := a.post("/v1/stream/agui?connection="+told.Connection, ""); got.status != 202 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if got := r.after(); !strings.HasPrefix(got, "tidings.expiring ") {
		t.Errorf("got %s, want a notice of the later end", got)
	}
	if got := r.after(); got != "end" || time.Since(told.Expires) < time.Second {
		t.Errorf("got %s %v after it would have ended", got, time.Since(told.Expires))
	}
}

func TestASocketIsClosedWhenItsAccessIsRevoked(t *testing.T) {
	t.Parallel()
	a := serve(t, &httpapi.Options{Authenticate: (&brief{lasts: time.Hour}).authenticate})
	r := a.follow("/v1/stream/agui")
	r.begins()
	began := time.Now()
	if got := a.post("/v1/revocations", `{"subject":"alice"}`, bearer("root")); got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if got := r.after(); got != "end" || time.Since(began) > time.Second {
		t.Errorf("got %s after %v", got, time.Since(began))
	}
}
