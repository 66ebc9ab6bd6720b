package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A peer is a server to measure.
type peer struct {
	name   string
	args   func(b *bench, dir string, port int) ([]string, error) // its command
	urls   []string                                               // flags of the load generator
	lines  string                                                 // where it takes batches, if anywhere
	hub    bool                                                   // is Tidings
	worker bool                                                   // a child does the work
}

// plainURLs are where those who are not Tidings are asked.
var plainURLs = []string{"--subscribe-url", "/sub/{user}", "--publish-url", "/pub/{user}"}

// allPeers returns the peers. help is what tidings serve says of itself.
func allPeers(help string) []peer {
	peers := []peer{
		{name: "limit", args: limitArgs, urls: plainURLs, lines: "/lines"},
		{name: "nchan", args: nchanArgs, urls: plainURLs, worker: true},
		{name: "naive", args: naiveArgs, urls: plainURLs, lines: "/lines"},
	}
	if !strings.Contains(help, "--delivery") {
		return append(peers, peer{name: "portable", args: tidingsArgs(), hub: true})
	}
	return append(peers,
		peer{name: "portable", args: tidingsArgs("--delivery", "portable"), hub: true},
		peer{name: "raw", args: tidingsArgs("--delivery", "raw"), hub: true})
}

func limitArgs(b *bench, _ string, port int) ([]string, error) {
	return []string{b.program("limit"), fmt.Sprint(port)}, nil
}

func naiveArgs(b *bench, _ string, port int) ([]string, error) {
	return []string{b.program("naive"), "--addr", address(port)}, nil
}

// tidingsArgs returns how to start tidings serve with flags.
func tidingsArgs(flags ...string) func(*bench, string, int) ([]string, error) {
	return func(b *bench, _ string, port int) ([]string, error) {
		args := []string{b.program("tidings"), "serve", "--addr", address(port), "--drain", "1s", "--max-connections", "20000"}
		return append(args, flags...), nil
	}
}

// nchanConfig has one worker and nothing that it does not need. It keeps as
// many messages as the others.
const nchanConfig = `load_module %s;
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 19900; use epoll; multi_accept on; }
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 1G;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d backlog=4096;
    location ~ ^/sub/(.+)$ {
      nchan_subscriber eventsource;
      nchan_channel_id $1;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 15;
    }
    location ~ ^/pub/(.+)$ {
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length 128;
      nchan_message_timeout 1h;
    }
  }
}
`

// nchanModules are where distributions have the module.
var nchanModules = []string{"/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/lib64/nginx/modules/ngx_nchan_module.so"}

func nchanArgs(_ *bench, dir string, port int) ([]string, error) {
	i := slices.IndexFunc(nchanModules, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if i < 0 {
		return nil, fmt.Errorf("nginx's module nchan is not at %s: install libnginx-mod-nchan", strings.Join(nchanModules, " or "))
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, nchanConfig, nchanModules[i], port), 0o644); err != nil {
		return nil, err
	}
	return []string{"nginx", "-p", dir, "-c", path}, nil
}

// address returns a port of this machine as an address.
func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
