-- +goose Up

-- What a message needs that was handed in over SMPP, and questions to operators.
ALTER TABLE message ADD COLUMN receipts_on   INTEGER NOT NULL DEFAULT 0; -- which parts have a receipt
ALTER TABLE message ADD COLUMN subscriber_id INTEGER NOT NULL DEFAULT 0; -- who handed it in and is told of it
ALTER TABLE message ADD COLUMN notify        INTEGER NOT NULL DEFAULT 0; -- of what: bits of sms.Notify
ALTER TABLE message ADD COLUMN ask_at        INTEGER NOT NULL DEFAULT 0; -- when the operator is asked
-- What stands aside: scheduled (1) and held (4). Few messages are ever in these
-- states, so that the life of the others does not touch the index.
CREATE INDEX message_aside ON message (state, id) WHERE state IN (1, 4);

-- Content that the caller made: one short message. Both NULL: text is the content.
ALTER TABLE message_group ADD COLUMN raw_header BLOB;
ALTER TABLE message_group ADD COLUMN raw_body   BLOB;
-- What an SMPP customer gave with it.
ALTER TABLE message_group ADD COLUMN coding     INTEGER NOT NULL DEFAULT 0; -- data_coding
ALTER TABLE message_group ADD COLUMN protocol   INTEGER NOT NULL DEFAULT 0; -- protocol_id

ALTER TABLE held_receipt ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- An inbox message that a subscriber is told of has a number among those of the
-- events, its place in the order of commit; NULL where nobody is told.
ALTER TABLE inbox ADD COLUMN seq INTEGER;
-- A delivery of it has these and message_id 0; id is subscriber << 42 | inbox.seq.
ALTER TABLE delivery ADD COLUMN inbox_account INTEGER;
ALTER TABLE delivery ADD COLUMN inbox_number  INTEGER;
