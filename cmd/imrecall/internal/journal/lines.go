package journal

import "math/bits"

// Lines is a set of line numbers: 250 KB for two million. The zero value is empty.
type Lines struct{ words []uint64 }

// Add puts in a line, which is not negative.
func (l *Lines) Add(line int) {
	for line/64 >= len(l.words) {
		l.words = append(l.words, 0)
	}
	l.words[line/64] |= 1 << (line % 64)
}

// Remove takes out a line.
func (l *Lines) Remove(line int) {
	if l.Has(line) {
		l.words[line/64] &^= 1 << (line % 64)
	}
}

// Has tells whether a line is in.
func (l *Lines) Has(line int) bool {
	return line >= 0 && line/64 < len(l.words) && l.words[line/64]&(1<<(line%64)) != 0
}

// Without counts the lines that are not in other.
func (l *Lines) Without(other *Lines) int {
	count := 0
	for i, word := range l.words {
		if i < len(other.words) {
			word &^= other.words[i]
		}
		count += bits.OnesCount64(word)
	}
	return count
}
