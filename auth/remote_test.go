package auth_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
)

// An idp is a server with keys, in a bubble of time. What it answers can be
// changed.
type idp struct {
	t       *testing.T
	asked   atomic.Int32
	answer  atomic.Pointer[http.HandlerFunc]
	verify  *auth.Verifier
	log     *bytes.Buffer
	options auth.Options
}

// newIDP returns an idp that answers so, and a verifier with its keys.
func newIDP(t *testing.T, answer http.HandlerFunc) *idp {
	t.Helper()
	p := &idp{t: t, log: new(bytes.Buffer)}
	p.answers(answer)
	server := nettest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.answer.Load())(w, r)
	}), nil)
	p.options = auth.Options{JWKS: server.URL + "/keys", Transport: server.Client.Transport, Logger: slog.New(slog.NewTextHandler(p.log, nil))}
	p.verify = newVerifier(t, &p.options)
	synctest.Wait()
	return p
}

func (p *idp) answers(answer http.HandlerFunc) { p.answer.Store(&answer) }

// says returns an answer.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

// has returns an answer with keys, by name.
func has(names ...string) http.HandlerFunc {
	var all []string
	for _, name := range names {
		all = append(all, publicJWK(name))
	}
	return says(jwks(all...))
}

// down is an answer of a server that is not there.
func down(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// slow returns an answer that comes late.
func slow(d time.Duration, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			then(w, r)
		case <-r.Context().Done():
		}
	}
}

// try says what becomes of a token that is signed with the key of that name, and
// how long that takes, if it takes time.
func (p *idp) try(name string) string {
	p.t.Helper()
	began := time.Now()
	alg := "EdDSA"
	if name == "p256" {
		alg = "ES256"
	}
	_, err := p.verify.Verify(p.t.Context(), signed(alg, name, good()))
	result := "ok"
	switch {
	case errors.Is(err, httpapi.ErrUnavailable):
		result = "503"
	case errors.Is(err, httpapi.ErrUnauthorized):
		result = "401"
	case err != nil:
		p.t.Error(err)
	}
	if took := time.Since(began); took > 0 {
		result += " after " + took.String()
	}
	return result
}

// is fails unless trying keys has these results.
func (p *idp) is(want string, names ...string) {
	p.t.Helper()
	var got []string
	for _, name := range names {
		got = append(got, p.try(name))
	}
	if s := strings.Join(got, ", "); s != want {
		p.t.Errorf("%v: got %s, want %s", names, s, want)
	}
}

func TestKeysThatAreNotThereYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, down)
		p.is("503, 503", "ed", "ed")
		p.answers(has("ed"))
		time.Sleep(time.Second)
		synctest.Wait()
		p.is("ok, 401", "ed", "other")
		if got := p.log.String(); strings.Count(got, "level=WARN") != 1 || strings.Count(got, "level=INFO") != 1 {
			t.Errorf("logged:\n%s", got)
		}
	})
}

// A server whose keys cannot be had starts, lets nobody in, and says that this is
// not the token's fault.
func TestWhoComesWhileThereAreNoKeys(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer server.Close()
	a := serve(t, &auth.Options{JWKS: server.URL})
	if got := a.feed(ed(good())); got.status != 503 || got.problem != "unavailable" || got.challenge != "" {
		t.Errorf("got %+v", got)
	}
	if got := a.feed("a.b.c"); got.status != 401 {
		t.Errorf("no token at all: %+v", got)
	}
}

func TestKnownKeysStayWhileTheirServerIsDown(t *testing.T) {
	garbage := map[string]http.HandlerFunc{
		"down":            down,
		"500":             func(w http.ResponseWriter, _ *http.Request) { http.Error(w, jwks(publicJWK("other")), 500) },
		"203":             func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203); has("other")(w, r) },
		"a page":          says("<html>sign in</html>"),
		"nothing":         says(""),
		"no keys":         says(`{"keys":[]}`),
		"keys for others": says(jwks(publicJWK("other", `"use":"enc"`), publicJWK("weak"))),
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			io.WriteString(w, `{"keys":[`)
		},
		"10 MB":             endless(t, jwks(publicJWK("other"))+strings.Repeat(" ", 10<<20)),
		"10 MB in gzip":     gzipped(jwks(publicJWK("other")) + strings.Repeat(" ", 10<<20)),
		"10,000 keys":       says(jwks(strings.Repeat(publicJWK("other")+",", 9999) + publicJWK("other"))),
		"another server":    elsewhere("http://127.0.0.2/keys"),
		"another port":      elsewhere("http://127.0.0.1:81/keys"),
		"the same for ever": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) },
	}
	for name, answer := range garbage {
		synctest.Test(t, func(t *testing.T) {
			p := newIDP(t, has("ed"))
			p.is("ok, 401", "ed", "other")
			p.answers(answer)
			time.Sleep(20 * time.Second)
			p.is("503, ok, 503", "other", "ed", "other")
			time.Sleep(time.Minute)
			p.is("ok", "ed")
			if got := strings.Count(p.log.String(), "level=WARN"); got != 1 {
				t.Errorf("%s: got %d warnings:\n%s", name, got, p.log)
			}
			p.answers(has("ed", "other"))
			time.Sleep(15 * time.Second)
			p.is("ok, ok", "ed", "other")
		})
	}
}

// endless returns an answer that nobody should read to its end.
func endless(t *testing.T, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if n, err := io.WriteString(w, text); err == nil || n > 2<<20 {
			t.Errorf("%d bytes were read, %v", n, err)
		}
	}
}

// elsewhere returns an answer that sends to where there are keys.
func elsewhere(url string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "127.0.0.1" {
			http.Redirect(w, r, url, http.StatusFound)
			return
		}
		has("other")(w, r)
	}
}

// gzipped returns an answer that is small on its way.
func gzipped(text string) http.HandlerFunc {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, text)
	w.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	}
}

func TestRedirectsOfTheSameServerAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				http.Redirect(w, r, "/v2/keys", http.StatusFound)
				return
			}
			has("ed")(w, r)
		})
		p.is("ok", "ed")
	})
}

// Who has a known key does not wait; who has another waits a second at most.
func TestSlowKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, has("ed"))
		time.Sleep(20 * time.Second)
		p.answers(slow(1500*time.Millisecond, has("ed", "other")))
		p.is("503 after 1s, ok, ok after 500ms", "other", "ed", "other")
		time.Sleep(20 * time.Second)
		p.answers(slow(time.Hour, has("p256")))
		p.is("503 after 1s, ok", "p256", "ed")
		time.Sleep(9 * time.Second)
		synctest.Wait()
		p.is("503", "p256") // it was given up after ten seconds
	})
}

func TestFirstTokenAfterARotationIsLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, has("ed"))
		time.Sleep(15 * time.Second)
		p.answers(has("other"))
		p.is("ok, ok, 401", "ed", "other", "ed")
	})
}

// Also where keys have no names, or a token none.
func TestRotationOfKeysWithoutNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, says(jwks(jwk("", private()["ed"].Public()))))
		time.Sleep(15 * time.Second)
		p.answers(says(jwks(jwk("", private()["other"].Public()))))
		p.is("ok, ok, 401", "ed", "other", "ed")
	})
}

// A key that the issuer withdrew is good until the keys are asked for again, and
// that is every five minutes.
func TestWithdrawnKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, has("ed", "other"))
		p.answers(has("ed"))
		time.Sleep(auth.DefaultRefresh - time.Second)
		p.is("ok, ok", "ed", "other")
		time.Sleep(time.Second)
		synctest.Wait()
		p.is("ok, 401", "ed", "other")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.asked.Load(); got != 2+12 {
			t.Errorf("asked %d times, want 14", got)
		}
	})
}

func TestUnknownKeysAreAskedForOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, has("ed"))
		time.Sleep(time.Minute)
		p.answers(slow(100*time.Millisecond, has("ed")))
		before := p.asked.Load()
		for second := range 31 {
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					token := sign("EdDSA", private()["other"], fmt.Sprintf(`{"alg":"EdDSA","kid":"k%d-%d"}`, second, i), good())
					if _, err := p.verify.Verify(t.Context(), token); !errors.Is(err, httpapi.ErrUnauthorized) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		}
		if got := p.asked.Load() - before; got != 3 { // at 0, 15 and 30 seconds
			t.Errorf("asked %d times, want 3", got)
		}
	})
}

// What a forged signature says of a known key is no reason to ask.
func TestForgedSignaturesAskForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, has("ed"))
		time.Sleep(time.Minute)
		before := p.asked.Load()
		for range 100 {
			if _, err := p.verify.Verify(t.Context(), sign("EdDSA", private()["other"], `{"alg":"EdDSA","kid":"ed"}`, good())); !errors.Is(err, httpapi.ErrUnauthorized) {
				t.Error(err)
			}
		}
		if got := p.asked.Load() - before; got != 0 {
			t.Errorf("asked %d times", got)
		}
	})
}

func TestCloseDoesNotWaitForKeys(t *testing.T) {
	for name, end := range map[string]func(v *auth.Verifier, cancel func()){
		"Close":        func(v *auth.Verifier, _ func()) { v.Close() },
		"its context":  func(_ *auth.Verifier, cancel func()) { cancel() },
		"Close, twice": func(v *auth.Verifier, _ func()) { v.Close(); v.Close() },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newIDP(t, has("ed"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			v, err := auth.New(ctx, &p.options)
			if err != nil {
				t.Fatal(err)
			}
			p.verify.Close()
			p.verify = v
			p.is("ok", "ed")
			time.Sleep(time.Minute)
			p.answers(slow(time.Hour, has("other")))
			var waits sync.WaitGroup
			waits.Go(func() { p.is("503 after 500ms", "other") })
			time.Sleep(500 * time.Millisecond)
			end(v, cancel)
			waits.Wait()
			p.is("503, ok", "other", "ed")
			if t.Failed() {
				t.Log(name)
			}
		})
	}
}

func TestRequestThatEndsDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIDP(t, slow(5*time.Second, has("ed")))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := p.verify.Verify(ctx, ed(good()))
		if !errors.Is(err, httpapi.ErrUnavailable) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
