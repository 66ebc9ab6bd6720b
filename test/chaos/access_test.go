package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/auth"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/internal/wire"
)

// secret is what tokens are signed with.
const secret = "0123456789abcdef0123456789abcdef"

// A guarded is two servers of one log who ask for tokens.
type guarded struct {
	t      *testing.T
	ctx    context.Context
	fleet  []*replica
	signer *auth.Signer
}

// What one server is told of access counts at the other, and after both were
// killed, on every log that servers can share.
func TestAccessIsTheSameEverywhere(t *testing.T) {
	skipShort(t)
	for name, at := range map[string]func() place{
		"nats":     func() place { return place{"nats", natstest.NewProcess(t, t.TempDir()).URL()} },
		"postgres": func() place { return place{"postgres", pgtest.Shared(t).Database(t)} },
	} {
		t.Run(name, func(t *testing.T) { testAccess(t, at()) })
	}
}

func testAccess(t *testing.T, at place) {
	t.Setenv("TIDINGS_AUTH_SECRET", secret)
	signer, err := auth.NewSigner(auth.Secret(secret))
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{t, within(t, patience), []*replica{newReplica(t, "one", at), newReplica(t, "two", at)}, signer}
	startAll(t, g.ctx, g.fleet)
	first, second, root := g.token("alice", "t1", false), g.token("alice", "t2", false), g.token("root", "t3", true)

	var ticket wire.TicketAnswer
	g.post(0, wire.TicketsPath, first, `{"stream":"agui"}`, 200, &ticket)
	opened := g.open(1, "?ticket="+ticket.Ticket, "", 200)
	g.open(0, "?ticket="+ticket.Ticket, "", 401)
	stays := g.open(1, "", second, 200)

	g.post(0, wire.RevocationsPath, root, `{"token":"t1"}`, 204, nil)
	g.ends(opened)
	g.open(1, "", first, 401)
	for _, r := range g.fleet {
		r.kill()
	}
	stays.Body.Close()
	startAll(t, g.ctx, g.fleet)
	for i := range g.fleet {
		g.open(i, "", first, 401)
		g.open(i, "", second, 200).Body.Close()
		g.open(i, "?ticket="+ticket.Ticket, "", 401)
	}
	endAll(t, g.fleet)
}

// token returns a token with an id.
func (g *guarded) token(subject, id string, admin bool) string {
	g.t.Helper()
	c := auth.Claims{Subject: subject, ID: id}
	if admin {
		c.Grants = &auth.Grants{Admin: true}
	}
	token, err := g.signer.Mint(c, time.Hour)
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

// ask asks a server.
func (g *guarded) ask(at int, method, path, token, body string, want int) *http.Response {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.ctx, method, g.fleet[at].url()+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", wire.JSONType)
	}
	resp, err := publishers.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode != want {
		text, _ := io.ReadAll(resp.Body)
		g.t.Errorf("%s: %s %s: got %s %s, want %d", g.fleet[at].name, method, path, resp.Status, text, want)
	}
	return resp
}

// open asks for a stream, and leaves it open if it can be had.
func (g *guarded) open(at int, query, token string, want int) *http.Response {
	g.t.Helper()
	resp := g.ask(at, http.MethodGet, wire.StreamPath+"agui"+query, token, "", want)
	if want != 200 {
		resp.Body.Close()
	}
	return resp
}

// post asks for something to be done.
func (g *guarded) post(at int, path, token, body string, want int, answer any) {
	g.t.Helper()
	resp := g.ask(at, http.MethodPost, path, token, body, want)
	defer resp.Body.Close()
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		g.t.Fatal(err)
	}
}

// ends waits until a stream has ended.
func (g *guarded) ends(resp *http.Response) {
	g.t.Helper()
	defer resp.Body.Close()
	began := time.Now()
	_, err := io.Copy(io.Discard, bufio.NewReader(resp.Body))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || time.Since(began) > 5*time.Second {
		g.t.Errorf("it ended after %v with %v", time.Since(began), err)
	}
}
