-- +goose Up

-- Conventions. Times are microseconds since 1970-01-01 UTC, 0 where there is
-- none. Money is micro-credits. Texts that are absent are ''. State, trigger,
-- kind and lane numbers are those of package sms (state.go, money.go,
-- message.go). Nothing here is enforced by foreign keys: rows are written by
-- one program in one transaction, and `harkara check` proves that they agree.

-- What an account has and the next numbers it gives out. One hot row per
-- account, so nothing else is in it.
CREATE TABLE account (
    id             INTEGER PRIMARY KEY,
    posted         INTEGER NOT NULL DEFAULT 0,  -- topped up minus captured
    reserved       INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    credit_limit   INTEGER NOT NULL DEFAULT 0,
    next_group     INTEGER NOT NULL DEFAULT 1,
    next_recipient INTEGER NOT NULL DEFAULT 1,
    next_inbox     INTEGER NOT NULL DEFAULT 1
) STRICT;

-- The ledger: double entry, one row per account, kind and batch, or per top-up,
-- adjustment and refund. Never updated.
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
CREATE UNIQUE INDEX transfer_key ON transfer (account_id, idempotency_key) WHERE idempotency_key <> '';

-- Numbers that count over the whole database, in one row: it is written once a
-- transaction.
CREATE TABLE sequence (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    event         INTEGER NOT NULL,             -- last event.seq given out
    transfer      INTEGER NOT NULL,             -- last transfer.id
    nobodys_inbox INTEGER NOT NULL,             -- last inbox.number of account 0
    configuration INTEGER NOT NULL,             -- version of all nouns together
    probe         INTEGER NOT NULL              -- raised to see whether the database can be written
) STRICT;
INSERT INTO sequence (id, event, transfer, nobodys_inbox, configuration, probe) VALUES (1, 0, 0, 0, 0, 0);

-- The counters inside message ids, one per day (ids are shard, day, counter).
CREATE TABLE message_day (
    day  INTEGER PRIMARY KEY,                   -- days since 1970-01-01
    next INTEGER NOT NULL
) STRICT;

-- One accepted call: the content, once for all its recipients.
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

-- One recipient of a group. State is Queued (2) while it waits to be sent: the
-- queue is an index of this table, so a message and its place in the queue
-- cannot disagree.
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
-- The queue of each route.
CREATE INDEX message_queue ON message (route_id, lane, due_at, id, only_id, avoid_id, expires_at) WHERE state = 2;
-- The few of it that one connector only may take, or that avoid one.
CREATE INDEX message_diverted ON message (route_id, lane, due_at, id, only_id, avoid_id, expires_at)
    WHERE state = 2 AND (only_id <> 0 OR avoid_id <> 0);
-- What needs attention by itself. The value may be earlier than the deadline
-- (it is not moved when a message is claimed, but looked at again when it is
-- reached): most messages have ended by then, so moving it would be wasted.
CREATE INDEX message_deadline ON message (deadline) WHERE deadline IS NOT NULL;

-- One submission to an operator; made when its message is first claimed.
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
-- Attempts without an answer; after a crash those of earlier epochs are orphans.
CREATE INDEX part_sending ON part (epoch) WHERE state = 2;

-- Where receipts find their part.
CREATE TABLE upstream (
    scope        INTEGER NOT NULL,              -- connector whose ids these are
    upstream_key TEXT    NOT NULL,              -- canonical form of the operator's id
    message_id   INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (scope, upstream_key, message_id, seq)
) STRICT, WITHOUT ROWID;

-- The history of messages, kept together by message. A receipt is a row of it.
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
CREATE VIEW receipt AS
    SELECT message_id, part, receipt_at AS arrived_at, receipt_state AS state, code, connector_id, receipt_raw AS raw, seq
    FROM event WHERE receipt_state IS NOT NULL;

-- Receipts that came before the response with their id.
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
CREATE INDEX held_receipt_age ON held_receipt (held_at);
CREATE TABLE held_receipt_key (
    scope        INTEGER NOT NULL,
    upstream_key TEXT    NOT NULL,
    held_id      INTEGER NOT NULL,
    position     INTEGER NOT NULL,              -- among the ids of its receipt, the likeliest first
    PRIMARY KEY (scope, upstream_key, held_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_receipt_key_held ON held_receipt_key (held_id, position);

-- Events on their way to subscribers. id is subscriber << 42 | event.seq, so
-- that a subscriber's rows lie together in order of commit without an index.
CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL
) STRICT;

-- Idempotency keys of calls. The key comes first: keys made by Harkara begin
-- with the time, so that new rows lie together whatever their account.
CREATE TABLE idempotency (
    idempotency_key TEXT    NOT NULL,
    account_id      INTEGER NOT NULL,
    until           INTEGER NOT NULL,
    group_number    INTEGER NOT NULL,
    PRIMARY KEY (idempotency_key, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency (until);

-- Messages from handsets.
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
CREATE INDEX inbox_unread ON inbox (account_id, number) WHERE is_read = 0;

-- Pieces of concatenated messages from handsets, until all are there.
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
CREATE INDEX inbound_segment_age ON inbound_segment (stored_at);

-- Nodes that ran; epoch fences their claims.
CREATE TABLE node (
    epoch     INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT;

-- What is configured. body is the JSON of the noun.
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
CREATE UNIQUE INDEX noun_key ON noun (kind, unique_key);
-- Versions that were replaced or deleted, and by whom.
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
-- Next id of each kind: ids are never used again.
CREATE TABLE noun_sequence (
    kind    TEXT PRIMARY KEY,
    next_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Refused credentials.
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
CREATE INDEX auth_failure_last ON auth_failure (last_at);
