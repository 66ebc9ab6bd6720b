package main

import (
	"net/http"
	"testing"
)

func TestServeAnswersPagesOfListedOrigins(t *testing.T) {
	t.Setenv("TIDINGS_ORIGIN", "http://localhost:5173,http://localhost:5174")
	_, url := serving(t)
	for origin, want := range map[string]int{"http://localhost:5173": 204, "http://localhost:5174": 204, "http://localhost:5175": 403} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url+"/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", "POST")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if allowed := res.Header.Get("Access-Control-Allow-Origin") == origin; res.StatusCode != want || allowed != (want == 204) {
			t.Errorf("%s: got %d %v", origin, res.StatusCode, res.Header)
		}
	}
}
