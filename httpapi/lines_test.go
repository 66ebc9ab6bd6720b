package httpapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// A pieces gives its data in pieces of random sizes, some of them empty.
type pieces struct {
	data []byte
	rand *rand.Rand
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	n := copy(b, p.data[:min(len(p.data), p.rand.IntN(p.most+1))])
	p.data = p.data[n:]
	if len(p.data) == 0 && p.rand.IntN(2) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// splitPlainly is how lines would be split if they were all there.
func splitPlainly(data []byte, most int) (numbers []int, texts []string, tooLong bool) {
	lines := bytes.Split(data, []byte("\n"))
	for i, text := range lines {
		if len(text) > most {
			return numbers, texts, true
		}
		if text = bytes.Trim(text, " \t\r\n"); len(text) > 0 {
			numbers, texts = append(numbers, i+1), append(texts, string(text))
		}
	}
	return numbers, texts, false
}

func checkLines(t *testing.T, body io.Reader, data []byte, most, max int) {
	t.Helper()
	numbers, texts, err := httpapi.ReadLines(body, most, max)
	wantNumbers, wantTexts, tooLong := splitPlainly(data, most)
	got, want := fmt.Sprint(numbers, texts), fmt.Sprint(wantNumbers, wantTexts)
	if got != want {
		t.Errorf("got %.500s\nwant %.500s", got, want)
	}
	if errors.Is(err, tidings.ErrTooLarge) != tooLong || !tooLong && err != io.EOF {
		t.Errorf("got %v, too long: %t", err, tooLong)
	}
}

func FuzzLinesAreTheSameHoweverTheyCome(f *testing.F) {
	f.Add([]byte("a\n\n b \r\nc"), uint8(1), 10, 3)
	f.Add([]byte("\n\n \n"), uint8(0), 3, 1)
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaa\nb"), uint8(200), 5, 1000)
	f.Add([]byte("a\naaaaaaaaaaa"), uint8(3), 5, 1)
	f.Fuzz(func(t *testing.T, data []byte, size uint8, most, max int) {
		most, max = most&0xfff, max&0xff+1
		seed := rand.New(rand.NewPCG(uint64(size), 1))
		checkLines(t, &pieces{data, seed, int(size) + 1}, data, most, max)
		checkLines(t, iotest.DataErrReader(bytes.NewReader(data)), data, most, max)
		checkLines(t, iotest.OneByteReader(bytes.NewReader(data)), data, most, max)
	})
}

// Lines across the bounds of buffers, which the fuzzer's are too short for.
func TestLongLinesAreTheSameHoweverTheyCome(t *testing.T) {
	seed := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		var data []byte
		for len(data) < 1<<20 {
			size := seed.IntN(100)
			if seed.IntN(20) == 0 {
				size = seed.IntN(300 << 10)
			}
			data = append(data, strings.Repeat(string(rune('a'+seed.IntN(26))), size)+"\n"...)
		}
		for _, most := range []int{1 << 20, 250 << 10, 64 << 10} {
			checkLines(t, &pieces{data, seed, 1 + seed.IntN(200<<10)}, data, most, 1+seed.IntN(50))
		}
	}
}

func TestLinesBeforeAnErrorAreGivenOut(t *testing.T) {
	broken := errors.New("broken")
	body := io.MultiReader(strings.NewReader("a\nb\nhalf"), iotest.ErrReader(broken))
	_, texts, err := httpapi.ReadLines(body, 10, 10)
	if got := strings.Join(texts, " "); got != "a b" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
}
