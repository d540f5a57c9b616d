package sqlite

import (
	"context"
	"math"
	"slices"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// Where the messages of each unfinished state are, without reading those that
// have ended. Conditions of partial indexes are repeated: without them SQLite
// may not use the index.
var unfinished = map[sms.State]string{
	sms.Scheduled: `SELECT id FROM message INDEXED BY message_aside WHERE state IN (1, 4) AND state = 1`,
	sms.Queued:    `SELECT id FROM message INDEXED BY message_queue WHERE state = 2`,
	sms.Sending: `SELECT id FROM message WHERE id IN (SELECT message_id FROM part INDEXED BY part_sending WHERE state = 2)
		AND state = 3`,
	sms.Held: `SELECT id FROM message INDEXED BY message_aside WHERE state IN (1, 4) AND state = 4`,
	sms.Sent: `SELECT id FROM message INDEXED BY message_deadline WHERE deadline IS NOT NULL AND state = 5`,
}

// fewOpen is up to how many unfinished messages the index of deadlines is read
// for those in state sent. Where there are more, sent ones are found sooner
// among all messages, from the newest.
const fewOpen = 20_000

// Messages implements store.Lister.
func (s *Store) Messages(ctx context.Context, account int64, f store.MessageFilter) (list []sms.Message, err error) {
	if f.Before == 0 {
		f.Before = math.MaxInt64
	}
	f.Limit = max(f.Limit, 0)
	err = s.readers.read(ctx, func(c *engine.Conn) error {
		indexed, err := useIndexes(c, f.States, fewOpen)
		switch {
		case err != nil:
			return err
		case indexed:
			list, err = listUnfinished(c, account, f)
		case account != 0:
			list, err = listOfAccount(c, account, f)
		default:
			list, err = readMessages(c, f, `SELECT `+messageColumns+` FROM message WHERE id < ? ORDER BY id DESC`, int64(f.Before))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// useIndexes says whether all the states are found by index, and soon.
func useIndexes(c *engine.Conn, states []sms.State, few int64) (bool, error) {
	if len(states) == 0 || slices.ContainsFunc(states, sms.State.Final) {
		return false, nil
	}
	if !slices.Contains(states, sms.Sent) {
		return true, nil
	}
	var open int64
	err := c.Query(`SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_deadline WHERE deadline IS NOT NULL LIMIT ?)`,
		[]any{few + 1}, func(scan func(...any) error) error { return scan(&open) })
	return open <= few, err
}

// listUnfinished takes the newest of each state, and the newest of those.
func listUnfinished(c *engine.Conn, account int64, f store.MessageFilter) (list []sms.Message, err error) {
	var ids []int64
	for _, state := range f.States {
		where, known := unfinished[state]
		if !known {
			continue
		}
		query, args := where+` AND id < ?`, []any{int64(f.Before)}
		if account != 0 {
			query, args = query+` AND account_id = ?`, append(args, account)
		}
		err := c.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, f.Limit), func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids) // a state may be named twice
	slices.Reverse(ids)
	for _, id := range ids[:min(f.Limit, len(ids))] {
		one, err := readMessages(c, f, selectMessage, id)
		if err != nil {
			return nil, err
		}
		list = append(list, one...)
	}
	return list, nil
}

// listOfAccount walks the calls of the account, the latest first. Their messages
// follow each other as the calls do.
func listOfAccount(c *engine.Conn, account int64, f store.MessageFilter) (list []sms.Message, err error) {
	groups, err := c.Stmt(`SELECT first_message, count FROM message_group WHERE account_id = ? AND first_message < ? ORDER BY number DESC`)
	if err != nil {
		return nil, err
	}
	defer groups.Reset()
	groups.Int(account)
	groups.Int(int64(f.Before))
	for f.Limit > 0 {
		more, err := groups.Next()
		if !more {
			return list, err
		}
		first, count := groups.GetInt(), groups.GetInt()
		some, err := readMessages(c, f, `SELECT `+messageColumns+` FROM message WHERE id >= ? AND id < ? ORDER BY id DESC`,
			first, min(first+count, int64(f.Before)))
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
		f.Limit -= len(some)
	}
	return list, nil
}

// readMessages reads rows until it has enough of the states.
func readMessages(c *engine.Conn, f store.MessageFilter, query string, args ...int64) (list []sms.Message, err error) {
	q, err := c.Stmt(query)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		q.Int(arg)
	}
	defer q.Reset()
	for len(list) < f.Limit {
		more, err := q.Next()
		if !more {
			return list, err
		}
		if m, _ := readMessage(q); len(f.States) == 0 || slices.Contains(f.States, m.State) {
			list = append(list, m)
		}
	}
	return list, nil
}
