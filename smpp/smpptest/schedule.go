package smpptest

import (
	"container/heap"
	"sync"
	"time"
)

// schedule runs functions later, on one goroutine and in the order of their times; functions due at
// the same time run in the order they were added. They must not block.
type schedule struct {
	mu     sync.Mutex
	tasks  taskHeap
	seq    uint64
	wake   chan struct{}
	closed chan struct{}
	once   sync.Once
	done   chan struct{}
}

type task struct {
	at  time.Time
	seq uint64
	run func()
}

func newSchedule() *schedule {
	s := &schedule{wake: make(chan struct{}, 1), closed: make(chan struct{}), done: make(chan struct{})}
	go s.loop()
	return s
}

// after runs f in d.
func (s *schedule) after(d time.Duration, f func()) {
	s.mu.Lock()
	s.seq++
	t := task{at: time.Now().Add(d), seq: s.seq, run: f}
	heap.Push(&s.tasks, t)
	first := s.tasks[0].seq == t.seq
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// close drops what is not yet due and waits for what runs.
func (s *schedule) close() {
	s.once.Do(func() { close(s.closed) })
	<-s.done
}

func (s *schedule) loop() {
	defer close(s.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.runDue())
		select {
		case <-timer.C:
		case <-s.wake:
		case <-s.closed:
			return
		}
	}
}

// runDue runs what is due and says how long to sleep.
func (s *schedule) runDue() time.Duration {
	for {
		s.mu.Lock()
		if len(s.tasks) == 0 {
			s.mu.Unlock()
			return time.Hour
		}
		if wait := time.Until(s.tasks[0].at); wait > 0 {
			s.mu.Unlock()
			return wait
		}
		t := heap.Pop(&s.tasks).(task)
		s.mu.Unlock()
		t.run()
	}
}

// taskHeap is a heap by time and order of arrival.
type taskHeap []task

// Len, Less, Swap, Push and Pop are heap.Interface.
func (h taskHeap) Len() int { return len(h) }

// Less orders by time.
func (h taskHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}

// Swap exchanges two tasks.
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds a task.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(task)) }

// Pop takes the last task.
func (h *taskHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = task{}
	*h = old[:len(old)-1]
	return t
}
