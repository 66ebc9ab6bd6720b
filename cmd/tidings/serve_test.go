package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServeSaysWhatToTry(t *testing.T) {
	p, url := serving(t)
	p.line(p.errs, url+"/")
	p.line(p.errs, " tail --url "+url)
	p.line(p.errs, " publish --url "+url+" --user alice")
	p.line(p.errs, url+"/v1/events")
	p.signal()
	if code, out, errs := p.end(); code != 0 || out != "" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestServeSpeaksHTTP2WithoutTLS(t *testing.T) {
	_, url := serving(t)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(url + "/health/live")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 {
		t.Errorf("got %s %s", resp.Proto, resp.Status)
	}
}

func TestServeLeavesAtTheSecondSignal(t *testing.T) {
	p, url := serving(t, "--drain", "1h")
	tail := start(t, "tail", "--url", url)
	tail.line(tail.errs, "following")
	p.signal()
	p.line(p.errs, "stopping")
	p.signal()
	began := time.Now()
	if code, _, _ := p.end(); code == 0 || time.Since(began) > 10*time.Second {
		t.Errorf("exit %d after %v", code, time.Since(began))
	}
}

func TestTailGoesOnWithARestartedServer(t *testing.T) {
	p, url := serving(t, "--drain", "200ms")
	tail := start(t, "tail", "--url", url, "--user", "alice")
	tail.line(tail.errs, "following feed")
	say := func(text string) {
		t.Helper()
		if got := finished(t, "", "publish", "--url", url, "--user", "alice", "--data", `"`+text+`"`); got.code != 0 {
			t.Fatalf("publish: %+v", got)
		}
	}
	say("before")
	tail.line(tail.out, "before")
	p.signal()
	if code, _, errs := p.end(); code != 0 {
		t.Errorf("serve: exit %d, %s", code, errs)
	}
	tail.line(tail.errs, "going on in")
	again := start(t, "serve", "--log", "memory", "--addr", strings.TrimPrefix(url, "http://"))
	again.line(again.errs, "listens on")
	say("after")
	tail.line(tail.errs, "not a position of this server's log")
	tail.line(tail.out, "after")
}
