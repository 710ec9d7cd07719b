package journal

import "math/bits"

// bitset is a set of line numbers: 250 KB for two million.
type bitset struct{ words []uint64 }

func (b *bitset) set(n int) {
	for n/64 >= len(b.words) {
		b.words = append(b.words, 0)
	}
	b.words[n/64] |= 1 << (n % 64)
}

func (b *bitset) has(n int) bool {
	return n/64 < len(b.words) && b.words[n/64]&(1<<(n%64)) != 0
}

// without counts what is in b and not in other.
func (b *bitset) without(other *bitset) int {
	count := 0
	for i, word := range b.words {
		if i < len(other.words) {
			word &^= other.words[i]
		}
		count += bits.OnesCount64(word)
	}
	return count
}
