package memory

import "iter"

// ordered is a sorted set: a treap, a search tree that is also a heap by rank.
// Ranks come from a fixed sequence, so that equal histories give equal trees.
type ordered[K any] struct {
	compare func(a, b K) int
	root    *node[K]
	size    int
	seed    uint64
}

type node[K any] struct {
	key         K
	rank        uint64
	left, right *node[K]
}

func newOrdered[K any](compare func(a, b K) int) *ordered[K] { return &ordered[K]{compare: compare} }

func (o *ordered[K]) len() int { return o.size }

// insert adds k; false says that it was there.
func (o *ordered[K]) insert(k K) bool {
	o.seed += 0x9E3779B97F4A7C15 // splitmix64
	z := o.seed
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	var added bool
	o.root, added = o.insertAt(o.root, &node[K]{key: k, rank: z ^ z>>31})
	if added {
		o.size++
	}
	return added
}

func (o *ordered[K]) insertAt(n, fresh *node[K]) (_ *node[K], added bool) {
	if n == nil {
		return fresh, true
	}
	switch c := o.compare(fresh.key, n.key); {
	case c < 0:
		n.left, added = o.insertAt(n.left, fresh)
		if n.left.rank > n.rank {
			l := n.left
			n.left, l.right = l.right, n
			return l, added
		}
	case c > 0:
		n.right, added = o.insertAt(n.right, fresh)
		if n.right.rank > n.rank {
			r := n.right
			n.right, r.left = r.left, n
			return r, added
		}
	}
	return n, added
}

// delete removes k; false says that it was not there.
func (o *ordered[K]) delete(k K) bool {
	at := &o.root
	for *at != nil {
		switch c := o.compare(k, (*at).key); {
		case c < 0:
			at = &(*at).left
		case c > 0:
			at = &(*at).right
		default:
			*at = join((*at).left, (*at).right)
			o.size--
			return true
		}
	}
	return false
}

// join makes one tree of two; every key of l is smaller than those of r.
func join[K any](l, r *node[K]) *node[K] {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.rank > r.rank:
		l.right = join(l.right, r)
		return l
	}
	r.left = join(l, r.left)
	return r
}

// all yields every key, the smallest first. The set must not change meanwhile.
func (o *ordered[K]) all() iter.Seq[K] {
	return func(yield func(K) bool) { ascend(o.root, func(K) bool { return true }, yield) }
}

// from yields the keys that are k or larger, the smallest first.
func (o *ordered[K]) from(k K) iter.Seq[K] {
	in := func(have K) bool { return o.compare(have, k) >= 0 }
	return func(yield func(K) bool) { ascend(o.root, in, yield) }
}

// below yields the keys smaller than k, the largest first.
func (o *ordered[K]) below(k K) iter.Seq[K] {
	in := func(have K) bool { return o.compare(have, k) < 0 }
	return func(yield func(K) bool) { descend(o.root, in, yield) }
}

func ascend[K any](n *node[K], in func(K) bool, yield func(K) bool) bool {
	if n == nil {
		return true
	}
	if in(n.key) && (!ascend(n.left, in, yield) || !yield(n.key)) {
		return false
	}
	return ascend(n.right, in, yield)
}

func descend[K any](n *node[K], in func(K) bool, yield func(K) bool) bool {
	if n == nil {
		return true
	}
	if in(n.key) && (!descend(n.right, in, yield) || !yield(n.key)) {
		return false
	}
	return descend(n.left, in, yield)
}
