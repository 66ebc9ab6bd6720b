package agui

import (
	"encoding/base64"
	"encoding/json"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// Content is what a message says: a text, or parts of several kinds. The zero
// Content is the empty text. (schema.json UserMessage content)
type Content struct {
	Text  string
	Parts []ContentPart // if not nil, the content is these and Text is empty
}

// Text is content that is only text.
func Text(text string) Content { return Content{Text: text} }

// Parts is content of several parts.
func Parts(parts ...ContentPart) Content {
	return Content{Parts: append([]ContentPart{}, parts...)}
}

// content is a required [Content].
func (c *codec) content(name string, v *Content) {
	if c.reading {
		c.readContent(name, v)
		return
	}
	if v.Parts == nil {
		c.text(name, &v.Text)
		return
	}
	if v.Text != "" {
		c.fail(name, "has both a text and parts")
	}
	list(c, name, &v.Parts)
}

func (c *codec) readContent(name string, v *Content) {
	*v = Content{}
	switch kind := jsonscan.Kind(c.present(name)); kind {
	case jsonscan.Array:
		list(c, name, &v.Parts)
	case jsonscan.Text, jsonscan.Nothing:
		c.text(name, &v.Text)
	default:
		c.fail(name, "is "+kind+", want a string or an array of parts")
	}
}

// A ContentPart is a text, or an image, audio, video or document. [TextPart],
// [ImagePart], [AudioPart], [VideoPart] and [DocumentPart] make them.
// (schema.json InputContent)
type ContentPart struct {
	Type     PartType
	Text     string          // of a text
	Source   *Source         // of all others
	Metadata any             // of all others: anything but null; nil leaves it out
	Raw      json.RawMessage // a part of a type that is not known, whole; set by decoding only, and encoded as it is
}

// A PartType is the kind of a [ContentPart].
type PartType string

// The kinds of parts.
const (
	PartText     PartType = "text"
	PartImage    PartType = "image"
	PartAudio    PartType = "audio"
	PartVideo    PartType = "video"
	PartDocument PartType = "document"
)

var partTypes = []PartType{PartText, PartImage, PartAudio, PartVideo, PartDocument}

// TextPart is a text among other parts.
func TextPart(text string) ContentPart { return ContentPart{Type: PartText, Text: text} }

// ImagePart is an image.
func ImagePart(s Source) ContentPart { return ContentPart{Type: PartImage, Source: &s} }

// AudioPart is something to hear.
func AudioPart(s Source) ContentPart { return ContentPart{Type: PartAudio, Source: &s} }

// VideoPart is a video.
func VideoPart(s Source) ContentPart { return ContentPart{Type: PartVideo, Source: &s} }

// DocumentPart is a document.
func DocumentPart(s Source) ContentPart { return ContentPart{Type: PartDocument, Source: &s} }

func (p *ContentPart) members(c *codec) {
	enum(c, "type", &p.Type, partTypes...)
	switch p.Type {
	case PartText:
		c.text("text", &p.Text)
	case PartImage, PartAudio, PartVideo, PartDocument:
		c.media(p)
	}
}

// media is the members of parts that are not text.
func (c *codec) media(p *ContentPart) {
	if !c.reading && p.Source == nil {
		c.fail("source", "is missing")
	}
	part(c, "source", &p.Source)
	c.optionalValue("metadata", &p.Metadata)
}

// A Source is where a part's bytes are. [DataSource], [URLSource] and
// [FileSource] make them. (schema.json InputContentSource; file is new in 1.0)
type Source struct {
	Type     SourceType
	Value    string // base64, a URL, or a file's id
	MIMEType string // required for data, otherwise empty leaves it out
	Provider string // of a file: who keeps it; empty leaves it out
}

// A SourceType is the kind of a [Source].
type SourceType string

// The kinds of sources.
const (
	SourceData SourceType = "data"
	SourceURL  SourceType = "url"
	SourceFile SourceType = "file"
)

// DataSource is the bytes themselves.
func DataSource(mimeType string, data []byte) Source {
	return Source{Type: SourceData, Value: base64.StdEncoding.EncodeToString(data), MIMEType: mimeType}
}

// URLSource is bytes to be fetched.
func URLSource(url string) Source { return Source{Type: SourceURL, Value: url} }

// FileSource is a file that was given to a provider before.
func FileSource(id string) Source { return Source{Type: SourceFile, Value: id} }

func (s *Source) members(c *codec) {
	enum(c, "type", &s.Type, SourceData, SourceURL, SourceFile)
	c.text("value", &s.Value)
	if s.Type == SourceFile {
		c.optional("provider", &s.Provider)
	} else if !c.reading && s.Provider != "" {
		c.fail("provider", "is set, but the source is not a file")
	}
	if s.Type == SourceData {
		c.id("mimeType", &s.MIMEType)
	} else {
		c.optional("mimeType", &s.MIMEType)
	}
}
