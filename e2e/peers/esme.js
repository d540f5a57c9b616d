// A customer's system on npm smpp. README.md beside this file describes its events and orders.
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');
const parts = require('./parts');

const [address, systemID, caFile] = process.argv.slice(2);
const [host, port] = address.split(':');
const sessions = new Map(); // by the name that orders give them
let reference = 0x1a2b;

function say(event, fields) {
  process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
}

// A receipt's text, which npm smpp leaves to its user.
function receipt(name, pdu) {
  const text = pdu.short_message.message || '';
  const word = (key) => (new RegExp('\\b' + key + ':(\\S*)').exec(text) || [])[1] || '';
  say('receipt', {
    session: name, from: pdu.source_addr, to: pdu.destination_addr, esm: pdu.esm_class,
    id: word('id'), stat: word('stat'), err: word('err'), tlv_id: pdu.receipted_message_id, state: pdu.message_state, text,
  });
}

function onDeliver(name, pdu) {
  sessions.get(name).send(pdu.response());
  if (pdu.esm_class & 0x3c) {
    receipt(name, pdu);
    return;
  }
  const { text, place } = parts.read(pdu);
  say('reply', {
    session: name, from: pdu.source_addr, from_ton: pdu.source_addr_ton, from_npi: pdu.source_addr_npi,
    to: pdu.destination_addr, to_ton: pdu.dest_addr_ton, to_npi: pdu.dest_addr_npi,
    coding: pdu.data_coding, esm: pdu.esm_class, text, ...place,
  });
  parts.gather(say, pdu, place, text);
}

function bind(order) {
  const name = order.session;
  const options = caFile
    ? { url: `ssmpp://${address}`, ca: fs.readFileSync(caFile), servername: 'localhost' }
    : { host, port };
  const session = smpp.connect(options, () => {
    session['bind_' + order.mode]({
      system_id: systemID, password: order.password, interface_version: order.version || 0x34,
    }, (answer) => say('bound', {
      session: name, status: answer.command_status, system_id: answer.system_id, version: answer.sc_interface_version || 0,
    }));
  });
  sessions.set(name, session);
  session.on('error', (err) => {
    if (err.code !== 'ECONNRESET' && err.code !== 'EPIPE' && err.code !== 'ECONNREFUSED') say('trouble', { why: String(err) });
  });
  session.on('close', () => say('closed', { session: name }));
  for (const command of ['deliver_sm', 'data_sm']) session.on(command, (pdu) => onDeliver(name, pdu));
  session.on('enquire_link', (pdu) => {
    say('enquire', { session: name });
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say('unbind', { session: name });
    session.send(pdu.response(), () => session.close());
  });
  session.on('unknown', (pdu) => say('trouble', { why: 'unknown command ' + pdu.command_id }));
  session.on('generic_nack', (pdu) => say('trouble', { why: 'generic_nack ' + pdu.command_status }));
}

function submit(order) {
  const ref = reference++;
  const session = sessions.get(order.session);
  const common = {
    source_addr_ton: order.from_ton, source_addr_npi: order.from_npi, source_addr: order.from,
    dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: order.to,
    data_coding: order.coding, registered_delivery: order.registered,
  };
  if (order.via !== 'data_sm') {
    Object.assign(common, { validity_period: order.validity || '', schedule_delivery_time: order.schedule || '' });
  }
  order.parts.forEach((_, i) => {
    session[order.via || 'submit_sm']({ ...common, ...parts.fields(order, ref, i) }, (answer) => say('submitted', {
      what: order.tag, seq: i + 1, status: answer.command_status, id: answer.message_id || '',
    }));
  });
}

// multi is a submit_multi to a list of numbers.
function multi(order) {
  sessions.get(order.session).submit_multi({
    source_addr_ton: order.from_ton, source_addr_npi: order.from_npi, source_addr: order.from,
    dest_address: order.to.map((number) => ({ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: number })),
    data_coding: order.coding, registered_delivery: order.registered, short_message: { message: order.parts[0] },
  }, (answer) => say('submitted', {
    what: order.tag, status: answer.command_status, id: answer.message_id || '',
    refused: (answer.unsuccess_sme || []).map((u) => ({ to: u.destination_addr, status: u.error_status_code })),
  }));
}

// about asks, cancels or replaces a message.
function about(command, order, fields) {
  sessions.get(order.session)[command]({
    message_id: order.id, source_addr_ton: order.from_ton, source_addr_npi: order.from_npi, source_addr: order.from, ...fields,
  }, (answer) => say('answered', {
    what: command, status: answer.command_status, id: answer.message_id || '', state: answer.message_state || 0,
    done: answer.final_date ? 'given' : '',
  }));
}

const orders = {
  bind,
  submit,
  multi,
  query: (order) => about('query_sm', order, {}),
  cancel: (order) => about('cancel_sm', order, { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: order.to || '' }),
  replace: (order) => about('replace_sm', order, { registered_delivery: 1, short_message: { message: order.parts[0] } }),
  enquire: (order) => sessions.get(order.session).enquire_link(() => say('answered', { what: 'enquire_link' })),
  unbind: (order) => {
    const session = sessions.get(order.session);
    session.unbind(() => { say('unbound', { session: order.session }); session.close(); });
  },
  drop: (order) => sessions.get(order.session).destroy(),
};

say('ready', {});
const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => {
  const order = JSON.parse(line);
  orders[order.do](order);
  say('done', {});
});
input.on('close', () => process.exit(0));
