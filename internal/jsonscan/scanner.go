package jsonscan

import "bytes"

// A scanner is a position in some JSON.
type scanner struct {
	data []byte
	pos  int
}

// each walks over an object or array: it calls item at the start of each item
// until that returns false or an error.
func (s *scanner) each(opening, closing byte, item func() (more bool, err error)) error {
	if !s.take(opening) {
		return s.want("'" + string(opening) + "'")
	}
	if s.take(closing) {
		return s.end()
	}
	for {
		if more, err := item(); !more || err != nil {
			return err
		}
		if s.take(closing) {
			return s.end()
		}
		if !s.take(',') {
			return s.want("',' or '" + string(closing) + "'")
		}
	}
}

// member reads a key, a colon and a value.
func (s *scanner) member() (Member, error) {
	if !s.at('"') {
		return Member{}, s.want("a member's name")
	}
	key, err := s.value()
	if err != nil {
		return Member{}, err
	}
	if !s.take(':') {
		return Member{}, s.want("':'")
	}
	value, err := s.value()
	return Member{Key: key, Value: value}, err
}

// value reads one value of any kind, without looking into it.
func (s *scanner) value() ([]byte, error) {
	s.space()
	end := skip(s.data, s.pos)
	if end < 0 {
		return nil, s.want("a complete value")
	}
	v := s.data[s.pos:end:end]
	s.pos = end
	return v, nil
}

// take steps over space and then c, if c comes next.
func (s *scanner) take(c byte) bool {
	if !s.at(c) {
		return false
	}
	s.pos++
	return true
}

// at steps over space and reports whether c comes next.
func (s *scanner) at(c byte) bool {
	s.space()
	return s.pos < len(s.data) && s.data[s.pos] == c
}

// space steps over what JSON calls white space.
func (s *scanner) space() {
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
}

// end steps over space and expects nothing more.
func (s *scanner) end() error {
	if s.space(); s.pos < len(s.data) {
		return s.want("nothing more")
	}
	return nil
}

func (s *scanner) want(what string) error {
	return &SyntaxError{Offset: s.pos, Want: what}
}

// skip returns where the value that begins at data[i] ends, or -1 if it does
// not begin or not end.
func skip(data []byte, i int) int {
	if i >= len(data) {
		return -1
	}
	switch c := data[i]; {
	case c == '"':
		return skipString(data, i)
	case c == '{' || c == '[':
		return skipNested(data, i)
	case startsScalar(c):
		return skipScalar(data, i)
	}
	return -1
}

// skipString is skip for a string. Short ones, names above all, are looked
// through byte by byte, because a call of IndexByte costs more than that.
func skipString(data []byte, start int) int {
	i := start + 1
	for end := min(i+16, len(data)); i < end && data[i] != '\\'; i++ {
		if data[i] == '"' {
			return i + 1
		}
	}
	return skipToQuote(data, i)
}

// skipToQuote is skipString for what is left of a string, from i on. It goes
// from quote to quote, because most strings have no others; a quote after an
// odd number of backslashes is escaped. A quote stands somewhere before i.
func skipToQuote(data []byte, i int) int {
	for ; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		back := i - 1
		for data[back] == '\\' {
			back--
		}
		if (i-back)%2 == 1 {
			return i + 1
		}
	}
}

// skipNested is skip for an object or array. It counts brackets, of whatever
// kind, instead of recursing: depth costs nothing.
func skipNested(data []byte, i int) int {
	for depth := 0; i < len(data); i++ {
		switch marks[data[i]] {
		case quote:
			if i = skipString(data, i) - 1; i < 0 {
				return -1
			}
		case opens:
			depth++
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// What a byte means to skipNested.
const (
	quote = iota + 1
	opens
	closes
)

var marks = [256]uint8{'"': quote, '{': opens, '[': opens, '}': closes, ']': closes}

// skipScalar is skip for a number, true, false and null.
func skipScalar(data []byte, i int) int {
	for i < len(data) && !endsScalar(data[i]) {
		i++
	}
	return i
}

func startsScalar(c byte) bool {
	return c == '-' || '0' <= c && c <= '9' || c == 't' || c == 'f' || c == 'n'
}

func endsScalar(c byte) bool {
	return c == ',' || c == '}' || c == ']' || isSpace(c)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
