package sqlite

import (
	"slices"

	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// Columns in the order in which rows are bound and read (record.go).
const (
	groupColumns = `account_id, number, first_message, first_recipient, count, type, sender, text, file, language, duration, face, at, send_at,
		raw_header, raw_body, coding, protocol`

	messageColumns = `id, account_id, group_number, recipient, input, encoding, parts, units, price, charge_on, reserved, reserve_id,
		route_id, pinned, lane, expires_at, close_at, state, provisional, answered, reason, code, captured, released, release_id,
		only_id, avoid_id, attempts, due_at, updated_at, receipts_on, subscriber_id, notify, ask_at, deadline`

	partColumns = `message_id, seq, state, connector_id, upstream_id, attempt, epoch, unknowns, code, captured, capture_id, at`

	selectGroup   = `SELECT ` + groupColumns + ` FROM message_group WHERE account_id = ? AND number = ?`
	selectMessage = `SELECT ` + messageColumns + ` FROM message WHERE id = ?`
	selectParts   = `SELECT ` + partColumns + ` FROM part WHERE message_id = ? ORDER BY seq`

	eventColumns = `message_id, seq, account_id, at, trigger, state, part, connector_id, reason, code`

	setMessage = `state = ?, provisional = ?, answered = ?, reason = ?, code = ?, captured = ?, released = ?, release_id = ?,
		only_id = ?, avoid_id = ?, attempts = ?, due_at = ?, updated_at = ?`

	// setRare is what only Replace and the questions to the operator change.
	setRare = `encoding = ?, parts = ?, units = ?, expires_at = ?, close_at = ?, notify = ?, ask_at = ?`
)

// What a connector may take of the queue of its route: parameters 1 to 5 are
// route, lane, connector, whether it is alone, and a time. The + before ?3 hides
// the parameter from the proof that a partial index applies, which would have
// SQLite prepare the statement anew for each value.
const (
	takes = ` state = 2 AND route_id = ?1 AND lane = ?2 AND (only_id = 0 OR only_id = ?3) AND (avoid_id <> +?3 OR ?4)
		AND expires_at > ?5`

	fromQueue = ` FROM message INDEXED BY message_queue WHERE` + takes
	// fromDiverted repeats the condition of the index: without it SQLite may
	// not use it.
	fromDiverted = ` FROM message INDEXED BY message_diverted WHERE (only_id <> 0 OR avoid_id <> 0) AND` + takes +
		` AND (only_id = ?3 OR avoid_id <> 0 AND avoid_id <> +?3)`

	dueNow   = ` AND due_at <= ?5 ORDER BY due_at, id LIMIT ?6`
	dueLater = ` AND due_at > ?5 ORDER BY due_at LIMIT 1`
)

// statements are the writer's, prepared once.
type statements struct {
	begin, commit, rollback, dataVersion                                 *engine.Stmt
	sequence, setSequence, probe                                         *engine.Stmt
	messageDay, setMessageDay                                            *engine.Stmt
	account, setAccount, addTransfer                                     *engine.Stmt
	addGroup, group, setContent                                          *engine.Stmt
	addKey, key, setKey                                                  *engine.Stmt
	addMessage, message, setMessage, setMessageDeadline, setMessageWhole *engine.Stmt
	setDeadline, deadlines                                               *engine.Stmt
	addPart, parts, setPart                                              *engine.Stmt
	addEvent                                                             *engine.Stmt
	addUpstream, upstream                                                *engine.Stmt
	hold, addHeldKey, anyHeld, heldBy, held, heldKeys                    *engine.Stmt
	dropHeld, dropHeldKeys                                               *engine.Stmt
	subscribers, addDelivery                                             *engine.Stmt
	tellInbound, retryDelivery, dropDelivery                             *engine.Stmt
	queueDue, queueNext, divertedDue, divertedNext                       *engine.Stmt
}

// query is a statement and where its compiled form goes.
type query struct {
	into **engine.Stmt
	sql  string
}

// prepare compiles them all, so that a mistake shows when the store is opened.
func prepare(c *engine.Conn) (*statements, error) {
	s := new(statements)
	for _, q := range s.queries() {
		st, err := c.Prepare(q.sql)
		if err != nil {
			return nil, err
		}
		*q.into = st
	}
	return s, nil
}

func (s *statements) queries() []query {
	return slices.Concat(s.countersAndMoney(), s.messages(), s.receipts(), s.deliveries(), s.queue())
}

func (s *statements) countersAndMoney() []query {
	return []query{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
		{&s.dataVersion, `PRAGMA data_version`},
		{&s.sequence, `SELECT event, transfer FROM sequence WHERE id = 1`},
		{&s.setSequence, `UPDATE sequence SET event = ?, transfer = ? WHERE id = 1`},
		{&s.probe, `UPDATE sequence SET probe = probe + 1 WHERE id = 1`},
		{&s.messageDay, `SELECT next FROM message_day WHERE day = ?`},
		{&s.setMessageDay, `INSERT INTO message_day (day, next) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET next = excluded.next`},
		{&s.account, `SELECT posted, reserved, credit_limit, next_group, next_recipient FROM account WHERE id = ?`},
		{&s.setAccount, `UPDATE account SET posted = ?, reserved = ?, next_group = ?, next_recipient = ? WHERE id = ?`},
		{&s.addTransfer, `INSERT INTO transfer (id, account_id, kind, debit, credit, amount, at) VALUES (?, ?, ?, ?, ?, ?, ?)`},
	}
}

func (s *statements) messages() []query {
	return []query{
		{&s.addGroup, `INSERT INTO message_group (` + groupColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.group, selectGroup},
		{&s.setContent, `UPDATE message_group SET text = ?, raw_header = ?, raw_body = ? WHERE account_id = ? AND number = ?`},
		{&s.addKey, `INSERT INTO idempotency (account_id, idempotency_key, until, group_number) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.key, `SELECT until, group_number FROM idempotency WHERE account_id = ? AND idempotency_key = ?`},
		{&s.setKey, `UPDATE idempotency SET until = ?, group_number = ? WHERE account_id = ? AND idempotency_key = ?`},

		{&s.addMessage, `INSERT INTO message (` + messageColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.message, selectMessage},
		{&s.setMessage, `UPDATE message SET ` + setMessage + ` WHERE id = ?`},
		{&s.setMessageDeadline, `UPDATE message SET ` + setMessage + `, deadline = ? WHERE id = ?`},
		{&s.setMessageWhole, `UPDATE message SET ` + setMessage + `, deadline = ?, ` + setRare + ` WHERE id = ?`},
		{&s.setDeadline, `UPDATE message SET deadline = ? WHERE id = ?`},
		{&s.deadlines, `SELECT id, deadline FROM message WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline, id LIMIT ?`},

		{&s.addPart, `INSERT INTO part (` + partColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.parts, selectParts},
		{&s.setPart, `UPDATE part SET state = ?, connector_id = ?, upstream_id = ?, attempt = ?, epoch = ?, unknowns = ?, code = ?,
			captured = ?, capture_id = ?, at = ? WHERE message_id = ? AND seq = ?`},
	}
}

func (s *statements) receipts() []query {
	return []query{
		{&s.addEvent, `INSERT INTO event (` + eventColumns + `, receipt_state, receipt_at, receipt_raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.addUpstream, `INSERT INTO upstream (scope, upstream_key, message_id, seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.upstream, `SELECT message_id, seq FROM upstream WHERE scope = ? AND upstream_key = ?`},

		{&s.hold, `INSERT INTO held_receipt (scope, recipient, state, reason, code, raw, arrived_at, held_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`},
		{&s.addHeldKey, `INSERT INTO held_receipt_key (scope, upstream_key, held_id, position) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.anyHeld, `SELECT EXISTS (SELECT 1 FROM held_receipt)`},
		{&s.heldBy, `SELECT held_id FROM held_receipt_key WHERE scope = ? AND upstream_key = ? ORDER BY held_id`},
		{&s.held, `SELECT scope, recipient, state, reason, code, raw, arrived_at FROM held_receipt WHERE id = ?`},
		{&s.heldKeys, `SELECT upstream_key FROM held_receipt_key WHERE held_id = ? ORDER BY position`},
		{&s.dropHeldKeys, `DELETE FROM held_receipt_key WHERE held_id = ?`},
		{&s.dropHeld, `DELETE FROM held_receipt WHERE id = ?`},
	}
}

func (s *statements) deliveries() []query {
	return []query{
		{&s.subscribers, `SELECT id, account_id, body ->> '$.channel' FROM noun WHERE kind = 'subscriber' ORDER BY id`},
		{&s.addDelivery, `INSERT INTO delivery (id, message_id, attempts, due_at) VALUES (?, ?, 0, ?)`},
		{&s.tellInbound, `INSERT INTO delivery (id, message_id, attempts, due_at, inbox_account, inbox_number) VALUES (?, 0, 0, ?, ?, ?)`},
		{&s.retryDelivery, `UPDATE delivery SET due_at = ?, attempts = attempts + 1 WHERE id = ?`},
		{&s.dropDelivery, `DELETE FROM delivery WHERE id = ?`},
	}
}

func (s *statements) queue() []query {
	return []query{
		{&s.queueDue, `SELECT id` + fromQueue + dueNow},
		{&s.queueNext, `SELECT due_at` + fromQueue + dueLater},
		{&s.divertedDue, `SELECT id` + fromDiverted + dueNow},
		{&s.divertedNext, `SELECT due_at` + fromDiverted + dueLater},
	}
}
