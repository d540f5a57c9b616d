// Long messages, for either side: the place of a part, its header, and the parts put together.
'use strict';

// place finds it in the user data header or in the sar_ parameters.
function place(pdu, udh) {
  for (const ie of udh || []) {
    if (ie[0] === 0x00) return { how: 'udh8', ref: ie[2], total: ie[3], seq: ie[4] };
    if (ie[0] === 0x08) return { how: 'udh16', ref: ie.readUInt16BE(2), total: ie[4], seq: ie[5] };
  }
  if (pdu.sar_total_segments !== undefined) {
    return { how: 'sar', ref: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, seq: pdu.sar_segment_seqnum };
  }
  return { how: 'single', ref: 0, total: 1, seq: 1 };
}

// read gives the text of a message, and its place.
function read(pdu) {
  const payload = pdu.message_payload !== undefined;
  const body = payload ? pdu.message_payload : pdu.short_message;
  const at = place(pdu, body.udh);
  if (payload) at.how = 'payload';
  return { text: body.message, place: at };
}

const gathered = new Map(); // by sender, recipient and reference

// gather says 'whole' when the last part of a message is there.
function gather(say, pdu, at, text) {
  const key = [pdu.source_addr, pdu.destination_addr, at.ref].join(' ');
  const have = gathered.get(key) || [];
  have[at.seq - 1] = text;
  gathered.set(key, have);
  if (have.filter((t) => t !== undefined).length === at.total) {
    gathered.delete(key);
    say('whole', { from: pdu.source_addr, to: pdu.destination_addr, parts: at.total, text: have.join('') });
  }
}

const header = {
  udh8: (ref, total, seq) => Buffer.from([5, 0, 3, ref & 255, total, seq]),
  udh16: (ref, total, seq) => Buffer.from([6, 8, 4, ref >> 8, ref & 255, total, seq]),
};

// fields are those of part i (from 0) of an order with parts, how and via.
function fields(order, ref, i) {
  const out = {};
  const total = order.parts.length;
  const message = { message: order.parts[i] };
  if (total > 1 && order.how === 'sar') {
    Object.assign(out, { sar_msg_ref_num: ref, sar_total_segments: total, sar_segment_seqnum: i + 1 });
  } else if (total > 1) {
    message.udh = header[order.how](ref, total, i + 1);
  }
  out[order.via === 'data_sm' || order.how === 'payload' ? 'message_payload' : 'short_message'] = message;
  return out;
}

module.exports = { read, gather, fields };
