package memory

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrdered compares the set with a sorted slice.
func TestOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := newOrdered(cmp.Compare[int])
		var model []int
		small := rapid.IntRange(0, 40)
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				k := small.Draw(t, "key")
				i, had := slices.BinarySearch(model, k)
				if !had {
					model = slices.Insert(model, i, k)
				}
				if set.insert(k) == had {
					t.Fatalf("insert(%d) was wrong about it", k)
				}
			},
			"delete": func(t *rapid.T) {
				k := small.Draw(t, "key")
				i, had := slices.BinarySearch(model, k)
				if had {
					model = slices.Delete(model, i, i+1)
				}
				if set.delete(k) != had {
					t.Fatalf("delete(%d) was wrong about it", k)
				}
			},
			"": func(t *rapid.T) {
				if got := slices.Collect(set.all()); !slices.Equal(got, model) || set.len() != len(model) {
					t.Fatalf("all: %v, want %v", got, model)
				}
				k := small.Draw(t, "bound")
				i, _ := slices.BinarySearch(model, k)
				if got := slices.Collect(set.from(k)); !slices.Equal(got, model[i:]) {
					t.Fatalf("from(%d): %v, want %v", k, got, model[i:])
				}
				below := slices.Clone(model[:i])
				slices.Reverse(below)
				if got := slices.Collect(set.below(k)); !slices.Equal(got, below) {
					t.Fatalf("below(%d): %v, want %v", k, got, below)
				}
				if n := len(model); n > 0 { // a walk that is left early
					for got := range set.all() {
						if got != model[0] {
							t.Fatalf("first is %d, want %d", got, model[0])
						}
						break
					}
				}
			},
		})
	})
}

// TestOrderedDepth: keys that come in order must not make a list of the tree.
func TestOrderedDepth(t *testing.T) {
	set := newOrdered(cmp.Compare[int])
	for i := range 100_000 {
		set.insert(i)
	}
	var depth func(*node[int]) int
	depth = func(n *node[int]) int {
		if n == nil {
			return 0
		}
		return 1 + max(depth(n.left), depth(n.right))
	}
	if d := depth(set.root); d > 60 {
		t.Errorf("a set of 100,000 keys is %d deep", d)
	}
}
