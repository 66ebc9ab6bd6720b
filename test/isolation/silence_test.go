package isolation_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/tidingstest"
)

// Who may not read a session does not learn whether there is one: the answer is the
// same to the byte, and it is given without a look at the log, whose time would
// tell.
func TestARefusalDoesNotTellWhatThereIs(t *testing.T) {
	verifier, err := auth.New(t.Context(), &auth.Options{Secret: auth.Secret("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	log := tidingstest.NewSliceLog(nil)
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	first, err := hub.Publish(t.Context(), tidings.Event{User: "alice", Channel: "agui", Session: "there", Type: "T", Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	api := httpapi.New(hub, &httpapi.Options{Authenticate: verifier.Authenticate})
	token, err := newSigner(t, "0123456789abcdef0123456789abcdef").Mint(auth.Claims{Subject: "bob"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) (got [3]string) {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		if body != "" {
			r.Header.Set("Content-Type", wire.JSONType)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		text, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		var header strings.Builder
		if err := w.Result().Header.Write(&header); err != nil {
			t.Fatal(err)
		}
		return [3]string{http.StatusText(w.Code), header.String(), string(text)}
	}
	if got := ask("GET", "/v1/feed", ""); got[0] != "OK" { // and what was revoked is known
		t.Fatal(got)
	}
	log.Break(errors.New("the log was asked"))
	defer log.Restore()
	stolen := first.ID.String()
	for _, request := range [][3]string{
		{"GET", "/v1/stream/agui?user=alice&session=SESSION", ""},
		{"GET", "/v1/stream/agui?user=alice&session=SESSION&from=start", ""},
		{"GET", "/v1/stream/contexts?user=alice&session=SESSION&after=" + stolen, ""},
		{"GET", "/v1/stream/feed?user=alice&session=SESSION", ""},
		{"GET", "/v1/sessions/SESSION/feed?user=alice", ""},
		{"GET", "/v1/feed?user=alice&session=SESSION", ""},
		{"GET", "/v1/stats?user=alice", ""},
		{"POST", "/v1/publish/agui?user=alice&session=SESSION&type=T", `1`},
		{"POST", "/v1/events", `{"user":"alice","channel":"agui","session":"SESSION","type":"T","data":1}`},
		{"POST", "/v1/tickets", `{"stream":"agui","user":"alice","sessions":["SESSION"]}`},
		{"POST", "/v1/stream/agui?user=alice&session=SESSION&connection=XXXXXXXXXXXXXXXX", ""},
		{"DELETE", "/v1/events?user=alice", ""},
	} {
		there := ask(request[0], strings.ReplaceAll(request[1], "SESSION", "there"), strings.ReplaceAll(request[2], "SESSION", "there"))
		not := ask(request[0], strings.ReplaceAll(request[1], "SESSION", "never"), strings.ReplaceAll(request[2], "SESSION", "never"))
		not[2] = strings.ReplaceAll(not[2], "never", "there")
		if there[0] != "Forbidden" || there != not {
			t.Errorf("%s %s: got %v: %s", request[0], request[1], there, cmp.Diff(there, not))
		}
	}
}
