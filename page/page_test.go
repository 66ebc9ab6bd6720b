package page_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/page"
)

// get asks the page for a path.
func get(t *testing.T, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	page.Handler().ServeHTTP(w, r)
	return w
}

// asset finds what the document and the scripts refer to.
var asset = regexp.MustCompile(`(?:(?:src|href)="|from "\./)([^"#]+)"`)

// everything returns the paths of the page and all that it is made of, found
// by following references.
func everything(t *testing.T) []string {
	t.Helper()
	paths, seen := []string{"/"}, map[string]bool{"/": true}
	for i := 0; i < len(paths); i++ {
		body := get(t, "GET", paths[i]).Body.String()
		for _, found := range asset.FindAllStringSubmatch(body, -1) {
			name := "/" + found[1]
			if strings.HasSuffix(paths[i], ".js") {
				name = "/assets/" + found[1]
			}
			if !seen[name] {
				paths, seen[name] = append(paths, name), true
			}
		}
	}
	return paths
}

func TestEverythingIsServedWithItsTypeAndAStrictPolicy(t *testing.T) {
	types := map[string]string{
		"":     "text/html; charset=utf-8",
		".css": "text/css; charset=utf-8",
		".js":  "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
	paths := everything(t)
	if len(paths) < 5 {
		t.Fatalf("found only %q", paths)
	}
	for _, path := range paths {
		w := get(t, "GET", path)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: got %d with %d bytes", path, w.Code, w.Body.Len())
		}
		ext := path[strings.LastIndexAny(path, "/.")+1:]
		if ext != "" {
			ext = "." + ext
		}
		if got, want := w.Header().Get("Content-Type"), types[ext]; got != want {
			t.Errorf("%s: Content-Type is %q, want %q", path, got, want)
		}
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options is %q", path, got)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: Content-Security-Policy is %q", path, policy)
		}
	}
}

func TestNothingComesFromElsewhere(t *testing.T) {
	for _, path := range everything(t) {
		body := get(t, "GET", path).Body.String()
		body = strings.ReplaceAll(body, "http://www.w3.org/2000/svg", "") // a name, not an address
		for _, bad := range []string{"http://", "https://", "//cdn", "innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval(", " style=", " onclick="} {
			if strings.Contains(body, bad) {
				t.Errorf("%s contains %q", path, bad)
			}
		}
	}
}

func TestBrowsersAskWhetherTheirsIsStillRight(t *testing.T) {
	first := get(t, "GET", "/")
	if got := first.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
	again := get(t, "GET", "/", "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes, want 304 with none", again.Code, again.Body.Len())
	}
	if again.Header().Get("Content-Security-Policy") == "" {
		t.Error("304 without a policy")
	}
	if other := get(t, "GET", "/assets/page.js").Header().Get("ETag"); other == "" || other == first.Header().Get("ETag") {
		t.Errorf("ETag of another file is %q", other)
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	for _, path := range []string{"/index.html", "/assets/", "/assets/none.js", "/assets/../page.go", "/page.go"} {
		if w := get(t, "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: got %d, want 404", path, w.Code)
		}
	}
	if w := get(t, "POST", "/"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := get(t, "HEAD", "/"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD /: got %d with %d bytes", w.Code, w.Body.Len())
	}
}
