package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestBoundsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"1000": "1000", "0.5": "0.5", "unlimited": "-1", "auto": "0",
		"": "", "0": "", "-1": "", "x": "", "NaN": "", "Inf": "", "1e10": "", "2147483647": "2.147483647e+09",
	} {
		var got bound
		err := got.UnmarshalText([]byte(text))
		if shown := fmt.Sprint(got); (err == nil) != (want != "") || err == nil && shown != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestProxiesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/8": "10.0.0.0/8", "192.0.2.1": "192.0.2.1/32", "fd00::1": "fd00::1/128", "unix": "unix",
		"": "", "proxy": "", "10.0.0.0/33": "", "fe80::1%eth0": "", "10.0.0.1:80": "",
	} {
		var got proxy
		err := got.UnmarshalText([]byte(text))
		shown := got.where.String()
		if got.unix {
			shown = "unix"
		}
		if (err == nil) != (want != "") || err == nil && shown != want {
			t.Errorf("%q: got %s, %v, want %s", text, shown, err, want)
		}
	}
}

// TestServeHasLimits has each flag reach what it is for.
func TestServeHasLimits(t *testing.T) {
	_, url := serving(t, "--max-connections", "3", "--at-cap", "end-oldest", "--max-connections-per-address", "20", "--max-connections-total", "30",
		"--new-connections-per-second", "40", "--publish-rate", "5", "--publish-burst", "7", "--replays", "60", "--max-header", "2KiB", "--trusted-proxy", "10.0.0.0/8,unix")
	got := body(t, url+"/v1/stats")
	for _, want := range []string{
		`"connections":{"limit":30,`, `"connections_per_address":{"limit":20,`, `"connections_per_second":{"limit":40,`, `"connections_per_subject":{"limit":3,`,
		`"events_per_second":{"limit":5,`, `"replays":{"limit":60,`, `"header_bytes":{"limit":2048,`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	resp, err := http.Post(url+"/v1/events?user=alice", "application/json", strings.NewReader("["+strings.Repeat(`{"channel":"system","data":1},`, 7)+`{"channel":"system","data":1}]`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("8 events where 7 may be published at once: got %s", resp.Status)
	}
	first, err := http.Get(url + "/v1/stream/agui?user=alice")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	for range 3 {
		again, err := http.Get(url + "/v1/stream/agui?user=alice")
		if err != nil {
			t.Fatal(err)
		}
		defer again.Body.Close()
	}
	if text, err := io.ReadAll(first.Body); err != nil || !strings.Contains(string(text), "tidings.ended") {
		t.Errorf("the oldest of four got %q, %v", text, err)
	}
}

// body returns the body of an answer.
func body(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, resp.Status, err, text)
	}
	return string(text)
}

// TestServeReadsNoHeaderThatIsTooLarge sends more than the server is to read.
func TestServeReadsNoHeaderThatIsTooLarge(t *testing.T) {
	_, url := serving(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", strings.Repeat("x", 80<<10)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 431" {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestLimitsThatCannotBe(t *testing.T) {
	for flag, value := range map[string]string{
		"--at-cap": "never", "--max-connections-total": "0", "--publish-rate": "-5", "--replays": "many", "--trusted-proxy": "everyone", "--max-header": "0B",
	} {
		if got := finished(t, "", "serve", "--log", "memory", "--addr", "127.0.0.1:0", flag+"="+value); got.code == 0 || !strings.Contains(got.err, flag) {
			t.Errorf("%s=%s: %+v", flag, value, got)
		}
	}
}
