-- A database as Harkara with schema 1 left it, statement by statement: messages
-- in many states, a held receipt, inboxes, a subscriber and what it has not
-- fetched. TestMigrateRows opens it. It is history and is never changed.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE account (
    id             INTEGER PRIMARY KEY,
    posted         INTEGER NOT NULL DEFAULT 0,  -- topped up minus captured
    reserved       INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    credit_limit   INTEGER NOT NULL DEFAULT 0,
    next_group     INTEGER NOT NULL DEFAULT 1,
    next_recipient INTEGER NOT NULL DEFAULT 1,
    next_inbox     INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE transfer (
    account_id      INTEGER NOT NULL,
    id              INTEGER NOT NULL,           -- counts over all accounts
    kind            INTEGER NOT NULL,
    debit           INTEGER NOT NULL,           -- ledger account
    credit          INTEGER NOT NULL,           -- ledger account
    amount          INTEGER NOT NULL,
    reason          TEXT    NOT NULL DEFAULT '',
    actor           TEXT    NOT NULL DEFAULT '',
    idempotency_key TEXT    NOT NULL DEFAULT '',
    at              INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sequence (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    event         INTEGER NOT NULL,             -- last event.seq given out
    transfer      INTEGER NOT NULL,             -- last transfer.id
    nobodys_inbox INTEGER NOT NULL,             -- last inbox.number of account 0
    configuration INTEGER NOT NULL,             -- version of all nouns together
    probe         INTEGER NOT NULL              -- raised to see whether the database can be written
) STRICT;
CREATE TABLE message_day (
    day  INTEGER PRIMARY KEY,                   -- days since 1970-01-01
    next INTEGER NOT NULL
) STRICT;
CREATE TABLE message_group (
    account_id      INTEGER NOT NULL,
    number          INTEGER NOT NULL,           -- group_id of the smsAPI
    first_message   INTEGER NOT NULL,           -- its messages have consecutive ids
    first_recipient INTEGER NOT NULL,           -- and consecutive recipient numbers
    count           INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    sender          TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    file            TEXT    NOT NULL,
    language        TEXT    NOT NULL,
    duration        INTEGER NOT NULL,           -- microseconds
    face            TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    send_at         INTEGER NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE message (
    id           INTEGER PRIMARY KEY,           -- sms.MessageID
    account_id   INTEGER NOT NULL,
    group_number INTEGER NOT NULL,
    recipient    TEXT    NOT NULL,              -- E.164 digits
    input        TEXT    NOT NULL,              -- as the caller wrote it, where it differs
    encoding     INTEGER NOT NULL,
    parts        INTEGER NOT NULL,
    units        INTEGER NOT NULL,
    price        INTEGER NOT NULL,              -- of one unit
    charge_on    INTEGER NOT NULL,
    reserved     INTEGER NOT NULL,
    reserve_id   INTEGER NOT NULL,              -- transfer
    route_id     INTEGER NOT NULL,
    pinned       INTEGER NOT NULL,
    lane         INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    close_at     INTEGER NOT NULL,
    -- what changes
    state        INTEGER NOT NULL,
    provisional  INTEGER NOT NULL,
    answered     INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    captured     INTEGER NOT NULL,
    released     INTEGER NOT NULL,
    release_id   INTEGER NOT NULL,              -- transfer
    only_id      INTEGER NOT NULL,              -- connector
    avoid_id     INTEGER NOT NULL,              -- connector
    attempts     INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deadline     INTEGER                        -- not after the real one; NULL at the end of the life
) STRICT;
CREATE TABLE part (
    message_id   INTEGER NOT NULL,
    seq          INTEGER NOT NULL,              -- from 1
    state        INTEGER NOT NULL,
    connector_id INTEGER NOT NULL,
    upstream_id  TEXT    NOT NULL,              -- as the operator gave it
    attempt      INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,              -- of the node that made the attempt
    unknowns     INTEGER NOT NULL,
    code         TEXT    NOT NULL,
    captured     INTEGER NOT NULL,
    capture_id   INTEGER NOT NULL,              -- transfer
    at           INTEGER NOT NULL,
    PRIMARY KEY (message_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE upstream (
    scope        INTEGER NOT NULL,              -- connector whose ids these are
    upstream_key TEXT    NOT NULL,              -- canonical form of the operator's id
    message_id   INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (scope, upstream_key, message_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    message_id    INTEGER NOT NULL,
    seq           INTEGER NOT NULL,             -- counts over all messages, in order of commit
    account_id    INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    trigger       INTEGER NOT NULL,
    state         INTEGER NOT NULL,             -- after it
    part          INTEGER NOT NULL,             -- 0: the message as a whole
    connector_id  INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    receipt_state INTEGER,                      -- what the receipt said of the part
    receipt_at    INTEGER,                      -- when it arrived
    receipt_raw   TEXT,                         -- the evidence
    PRIMARY KEY (message_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE held_receipt (
    id         INTEGER PRIMARY KEY,
    scope      INTEGER NOT NULL,
    recipient  TEXT    NOT NULL,
    state      INTEGER NOT NULL,
    code       TEXT    NOT NULL,
    raw        TEXT    NOT NULL,
    arrived_at INTEGER NOT NULL,
    held_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE held_receipt_key (
    scope        INTEGER NOT NULL,
    upstream_key TEXT    NOT NULL,
    held_id      INTEGER NOT NULL,
    position     INTEGER NOT NULL,              -- among the ids of its receipt, the likeliest first
    PRIMARY KEY (scope, upstream_key, held_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE idempotency (
    idempotency_key TEXT    NOT NULL,
    account_id      INTEGER NOT NULL,
    until           INTEGER NOT NULL,
    group_number    INTEGER NOT NULL,
    PRIMARY KEY (idempotency_key, account_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
    account_id   INTEGER NOT NULL,              -- 0: nobody's
    number       INTEGER NOT NULL,              -- inbox id of the smsAPI
    connector_id INTEGER NOT NULL,
    sender       TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,              -- our number
    text         TEXT    NOT NULL,
    partial      INTEGER NOT NULL,
    is_read      INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbound_segment (
    connector_id INTEGER NOT NULL,
    sender       TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    ref          INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    dcs          INTEGER NOT NULL,
    payload      BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    stored_at    INTEGER NOT NULL,
    PRIMARY KEY (connector_id, sender, recipient, ref, total, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE node (
    epoch     INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT;
CREATE TABLE noun (
    kind       TEXT    NOT NULL,
    id         INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    unique_key TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE noun_history (
    kind        TEXT    NOT NULL,
    id          INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    replaced_at INTEGER NOT NULL,
    replaced_by TEXT    NOT NULL,
    deleted     INTEGER NOT NULL,
    PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE noun_sequence (
    kind    TEXT PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE auth_failure (
    account_id INTEGER NOT NULL,
    api_key    TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (account_id, api_key, address, reason)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX transfer_key ON transfer (account_id, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX message_queue ON message (route_id, lane, due_at, id, only_id, avoid_id, expires_at) WHERE state = 2;
CREATE INDEX message_diverted ON message (route_id, lane, due_at, id, only_id, avoid_id, expires_at)
    WHERE state = 2 AND (only_id <> 0 OR avoid_id <> 0);
CREATE INDEX message_deadline ON message (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX part_sending ON part (epoch) WHERE state = 2;
CREATE VIEW receipt AS
    SELECT message_id, part, receipt_at AS arrived_at, receipt_state AS state, code, connector_id, receipt_raw AS raw, seq
    FROM event WHERE receipt_state IS NOT NULL;
CREATE INDEX held_receipt_age ON held_receipt (held_at);
CREATE INDEX held_receipt_key_held ON held_receipt_key (held_id, position);
CREATE INDEX idempotency_until ON idempotency (until);
CREATE INDEX inbox_unread ON inbox (account_id, number) WHERE is_read = 0;
CREATE INDEX inbound_segment_age ON inbound_segment (stored_at);
CREATE UNIQUE INDEX noun_key ON noun (kind, unique_key);
CREATE INDEX auth_failure_last ON auth_failure (last_at);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-24 12:00:00');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-24 12:00:00');
INSERT INTO account VALUES (1, 98600000, 700000, 0, 8, 8, 2);
INSERT INTO account VALUES (2, 1000000, 0, 0, 1, 1, 1);
INSERT INTO transfer VALUES (1, 1, 4, 4, 1, 100000000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 3, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 4, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 5, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 6, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 7, 2, 2, 3, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 8, 2, 2, 3, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 9, 2, 2, 3, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 10, 2, 2, 3, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 11, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 12, 3, 2, 1, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 13, 1, 1, 2, 350000, '', '', '', 1795521600000000);
INSERT INTO transfer VALUES (1, 14, 1, 1, 2, 350000, '', '', '', 1795608000000000);
INSERT INTO transfer VALUES (2, 2, 4, 4, 1, 1000000, '', '', '', 1795521600000000);
INSERT INTO sequence VALUES (1, 22, 14, 1, 3, 0);
INSERT INTO message_day VALUES (20781, 7);
INSERT INTO message_day VALUES (20782, 2);
INSERT INTO message_group VALUES (1, 1, 2856118892101633, 1, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 2, 2856118892101634, 2, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 3, 2856118892101635, 3, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 4, 2856118892101636, 4, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 5, 2856118892101637, 5, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 6, 2856118892101638, 6, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795521600000000, 0);
INSERT INTO message_group VALUES (1, 7, 2856256331055105, 7, 1, 'sms', 'ACME', 'Your code is 123456. Do not share it with anybody, please. Thank you for shopping.', '', '', 0, 'smsapi', 1795608000000000, 0);
INSERT INTO message VALUES (2856118892101633, 1, 1, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 3, 7, 0, 1, 1795608000000000, 1795780800000000, 6, 0, 1, '', '', 350000, 0, 0, 0, 0, 0, 1795521600000000, 1795521600000000, NULL);
INSERT INTO message VALUES (2856118892101634, 1, 2, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 4, 7, 0, 1, 1795608000000000, 1795780800000000, 6, 0, 1, '', '', 350000, 0, 0, 0, 0, 0, 1795521600000000, 1795809600000000, NULL);
INSERT INTO message VALUES (2856118892101635, 1, 3, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 5, 7, 0, 1, 1795608000000000, 1795780800000000, 5, 0, 1, '', '', 350000, 0, 0, 0, 0, 0, 1795521600000000, 1795521600000000, 1795780800000000);
INSERT INTO message VALUES (2856118892101636, 1, 4, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 6, 7, 0, 1, 1795608000000000, 1795780800000000, 5, 0, 1, '', '', 350000, 0, 0, 0, 0, 0, 1795521600000000, 1795521600000000, 1795780800000000);
INSERT INTO message VALUES (2856118892101637, 1, 5, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 11, 7, 0, 1, 1795608000000000, 1795780800000000, 12, 0, 0, 'canceled', '', 0, 350000, 12, 0, 0, 0, 1795521600000000, 1795521600000000, NULL);
INSERT INTO message VALUES (2856118892101638, 1, 6, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 13, 7, 0, 1, 1795608000000000, 1795780800000000, 1, 0, 0, '', '', 0, 0, 0, 0, 0, 0, 1795521600000000, 1795521600000000, 1795521600000000);
INSERT INTO message VALUES (2856256331055105, 1, 7, '8801700000000', '', 1, 1, 1, 350000, 0, 350000, 14, 7, 0, 1, 1795694400000000, 1795867200000000, 2, 0, 0, '', '', 0, 0, 0, 0, 0, 0, 1795608000000000, 1795608000000000, 1795694400000000);
INSERT INTO part VALUES (2856118892101633, 1, 5, 3, 'ONE', 1, 1, 0, '', 350000, 7, 1795521600000000);
INSERT INTO part VALUES (2856118892101634, 1, 5, 3, 'TWO', 1, 1, 0, '', 350000, 8, 1795809600000000);
INSERT INTO part VALUES (2856118892101635, 1, 4, 3, 'THREE', 2, 1, 1, '', 350000, 9, 1795521600000000);
INSERT INTO part VALUES (2856118892101636, 1, 4, 3, '', 1, 1, 0, '', 350000, 10, 1795521600000000);
INSERT INTO upstream VALUES (3, 'late', 2856118892101635, 1);
INSERT INTO upstream VALUES (3, 'one', 2856118892101633, 1);
INSERT INTO upstream VALUES (3, 'three', 2856118892101635, 1);
INSERT INTO upstream VALUES (3, 'two', 2856118892101634, 1);
INSERT INTO event VALUES (2856118892101633, 1, 1, 1795521600000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101633, 5, 1, 1795521600000000, 3, 3, 0, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101633, 9, 1, 1795521600000000, 7, 5, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101633, 10, 1, 1795521600000000, 8, 6, 1, 3, '', '', 5, 1795521600000000, 'stat:DELIVRD');
INSERT INTO event VALUES (2856118892101634, 2, 1, 1795521600000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101634, 6, 1, 1795521600000000, 3, 3, 0, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101634, 11, 1, 1795521600000000, 7, 5, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101634, 17, 1, 1795809600000000, 16, 14, 0, 0, 'no_receipt', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101634, 18, 1, 1795809600000000, 8, 6, 1, 3, '', '', 5, 1795809600000000, 'stat:DELIVRD');
INSERT INTO event VALUES (2856118892101635, 3, 1, 1795521600000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101635, 7, 1, 1795521600000000, 3, 3, 0, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101635, 12, 1, 1795521600000000, 5, 2, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101635, 13, 1, 1795521600000000, 3, 3, 0, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101635, 14, 1, 1795521600000000, 7, 5, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101635, 15, 1, 1795521600000000, 17, 5, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101636, 4, 1, 1795521600000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101636, 8, 1, 1795521600000000, 3, 3, 0, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101636, 16, 1, 1795521600000000, 7, 5, 1, 3, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101637, 19, 1, 1795521600000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101637, 20, 1, 1795521600000000, 14, 12, 0, 0, 'canceled', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856118892101638, 21, 1, 1795521600000000, 1, 1, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO event VALUES (2856256331055105, 22, 1, 1795608000000000, 1, 2, 0, 0, '', '', NULL, NULL, NULL);
INSERT INTO held_receipt VALUES (1, 3, '', 5, '', 'stat:DELIVRD', 1795521600000000, 1795521600000000);
INSERT INTO held_receipt_key VALUES (3, 'nobody''s', 1, 0);
INSERT INTO delivery VALUES (4398046511105, 2856118892101633, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511106, 2856118892101634, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511107, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511108, 2856118892101636, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511109, 2856118892101633, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511110, 2856118892101634, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511111, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511112, 2856118892101636, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511113, 2856118892101633, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511114, 2856118892101633, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511115, 2856118892101634, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511116, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511117, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511118, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511119, 2856118892101635, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511120, 2856118892101636, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511121, 2856118892101634, 0, 1795809600000000);
INSERT INTO delivery VALUES (4398046511122, 2856118892101634, 0, 1795809600000000);
INSERT INTO delivery VALUES (4398046511123, 2856118892101637, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511124, 2856118892101637, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511125, 2856118892101638, 0, 1795521600000000);
INSERT INTO delivery VALUES (4398046511126, 2856256331055105, 0, 1795608000000000);
INSERT INTO idempotency VALUES ('k0', 1, 1795608000000000, 1);
INSERT INTO idempotency VALUES ('k1', 1, 1795608000000000, 2);
INSERT INTO idempotency VALUES ('k2', 1, 1795608000000000, 3);
INSERT INTO idempotency VALUES ('k3', 1, 1795608000000000, 4);
INSERT INTO idempotency VALUES ('k4', 1, 1795608000000000, 5);
INSERT INTO idempotency VALUES ('k5', 1, 1795608000000000, 6);
INSERT INTO idempotency VALUES ('k6', 1, 1795694400000000, 7);
INSERT INTO inbox VALUES (0, 1, 0, '', '', 'hello', 0, 0, 0);
INSERT INTO inbox VALUES (1, 1, 0, '', '1', 'hello', 0, 0, 0);
INSERT INTO noun VALUES ('account', 1, 0, 'a', 'a', 1, 1795521600000000, '{"id":"0","name":"a","version":0,"updated_at":"0001-01-01T00:00:00Z","enabled":true,"time_zone":"UTC","country":"","price_list_id":"0","credit_limit":"0","max_parts":10,"group_start":1,"recipient_start":1,"inbox_start":1}');
INSERT INTO noun VALUES ('account', 2, 0, 'b', 'b', 1, 1795521600000000, '{"id":"0","name":"b","version":0,"updated_at":"0001-01-01T00:00:00Z","enabled":true,"time_zone":"UTC","country":"","price_list_id":"0","credit_limit":"0","max_parts":10,"group_start":1,"recipient_start":1,"inbox_start":1}');
INSERT INTO noun VALUES ('subscriber', 1, 1, 'hook', '1:hook', 1, 1795521600000000, '{"id":"0","account_id":"1","name":"hook","version":0,"updated_at":"0001-01-01T00:00:00Z","channel":"webhook"}');
INSERT INTO noun_sequence VALUES ('account', 3);
INSERT INTO noun_sequence VALUES ('subscriber', 2);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES ('goose_db_version', 2);
