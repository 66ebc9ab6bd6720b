package main

import (
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// secretTag marks flags whose value is not to be shown: secret:"" hides all of it,
// secret:"url" what a URL may have of secrets. Every other value that has a URL in
// it is treated like one.
const secretTag = "secret"

// hiddenText stands for what is not shown.
const hiddenText = "…"

// hidden returns a value of a flag without what is secret in it.
func hidden(f *kong.Flag, text string) string {
	switch {
	case text == "":
		return ""
	case f.Tag.Has(secretTag) && f.Tag.Get(secretTag) != "url":
		return hiddenText
	case strings.Contains(text, "://"):
		return hiddenURLs(text)
	case f.Tag.Has(secretTag) && strings.ContainsAny(text, "@= "):
		return hiddenText // of another form, such as PostgreSQL's host=… password=…
	}
	return text
}

// nextURL is where another URL begins in a list.
var nextURL = regexp.MustCompile(`,[a-z]+://`)

// hiddenURLs returns URLs, with commas between, without users, passwords, queries
// and fragments.
func hiddenURLs(text string) string {
	var shown strings.Builder
	for {
		at := nextURL.FindStringIndex(text)
		if at == nil {
			shown.WriteString(hiddenURL(text))
			return shown.String()
		}
		shown.WriteString(hiddenURL(text[:at[0]]) + ",")
		text = text[at[0]+1:]
	}
}

// hiddenURL does so for one. It may be malformed: what stands before the last @ is
// taken for a password, whatever is in it.
func hiddenURL(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	query := ""
	if at := strings.IndexAny(rest, "?#"); at >= 0 {
		if strings.Contains(rest[at:], "@") {
			return scheme + "://" + hiddenText
		}
		rest, query = rest[:at], rest[at:at+1]+hiddenText
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = hiddenText + rest[at:]
	}
	return scheme + "://" + rest + query
}
