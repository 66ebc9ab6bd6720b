package main

import (
	"testing"
	"time"
)

func TestSizesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]sizeBound{
		"16GiB": 16 << 30, "500MB": 500e6, "1 tib": 1 << 40, "7kb": 7000, "12B": 12, "3KiB": 3 << 10, "unlimited": -1,
		"": 0, "0B": 0, "5": 0, "-1GB": 0, "1.5GB": 0, "GB": 0, "9000000TB": 9e18, "10000000TB": 0, "16 G": 0,
	} {
		var got sizeBound
		if err := got.UnmarshalText([]byte(text)); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestAgesAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7d": 168 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "unlimited": -1,
		"": 0, "0": 0, "0d": 0, "-3h": 0, "1w": 0, "7": 0, "d": 0, "200000d": 0,
	} {
		var got ageBound
		if err := got.UnmarshalText([]byte(text)); time.Duration(got) != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}
