// Package page is the web page of Tidings: pick an owner and watch what
// happens, sessions and their runs as they arrive.
//
// It is plain HTML and JavaScript with nothing to build and nothing to fetch
// from elsewhere. It reads what every client can read, GET /v1/feed and then
// GET /v1/stream/feed from the snapshot's cursor, with the EventSource of the
// browser; it has no routes of its own and no rights that its visitor lacks.
// Its addresses are relative, so that it works under a prefix too.
//
// What it shows was written by others. It reaches the document as text only,
// and a strict Content-Security-Policy stands behind that.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed index.html assets
var files embed.FS

// policy allows the page its own scripts, styles, pictures and requests, and
// nothing else: nothing written in the document, no text that becomes markup
// or code, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// mediaTypes are given here, because what mime.TypeByExtension says depends on
// the machine.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// An asset is a file as it is served.
type asset struct {
	content   []byte
	mediaType string
	tag       string
}

// Handler returns a handler that serves the page at / and what it is made of
// under /assets/.
func Handler() http.Handler {
	assets := make(map[string]asset)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		assets["/"+name] = newAsset(name, content)
		return err
	})
	if err != nil {
		panic("page: " + err.Error()) // the files are part of the program
	}
	assets["/"] = assets["/index.html"]
	delete(assets, "/index.html")
	return handler(assets)
}

// newAsset returns the file with a tag that changes with its content.
func newAsset(name string, content []byte) asset {
	sum := sha256.Sum256(content)
	return asset{content, mediaTypes[path.Ext(name)], `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// A handler serves assets by their paths.
type handler map[string]asset

// ServeHTTP serves an asset. Browsers ask each time whether theirs is still
// the right one, because the files of the page belong together.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := h[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	secure(w.Header())
	w.Header().Set("Content-Type", a.mediaType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", a.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}

// secure sets what keeps the page to itself.
func secure(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
}
