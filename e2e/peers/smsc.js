// An SMSC on npm smpp. README.md beside this file describes its events and orders.
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');
const parts = require('./parts');

const [systemID, password, keyFile, certFile] = process.argv.slice(2);
const plans = new Map(); // by recipient
const last = new Map(); // submission, by recipient: its session, PDU, id and number
const sessions = new Set();
const waiting = []; // deliveries without a receiver
let serial = 0x1a2b3c00;

function say(event, fields) {
  process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
}

function onSubmit(session, pdu) {
  const plan = plans.get(pdu.destination_addr) || { receipt: 'text', stat: 'DELIVRD' };
  const { text, place } = parts.read(pdu);
  const number = serial++;
  const id = plan.hex ? number.toString(16).toUpperCase() : number.toString();
  say('submit', {
    from: pdu.source_addr, from_ton: pdu.source_addr_ton, from_npi: pdu.source_addr_npi,
    to: pdu.destination_addr, to_ton: pdu.dest_addr_ton, to_npi: pdu.dest_addr_npi,
    coding: pdu.data_coding, esm: pdu.esm_class, registered: pdu.registered_delivery,
    validity: pdu.validity_period ? 'given' : '', text, id, ...place,
  });
  if (plan.status) {
    session.send(pdu.response({ command_status: plan.status }));
    return;
  }
  last.set(pdu.destination_addr, [session, pdu, id, number]);
  if (plan.early) receipt(session, pdu, plan, id, number);
  session.send(pdu.response({ message_id: id }));
  if (!plan.early) receipt(session, pdu, plan, id, number);
  parts.gather(say, pdu, place, text);
}

function receipt(session, pdu, plan, id, number) {
  if (plan.receipt === 'none' || !(pdu.registered_delivery & 3)) return;
  const out = {
    source_addr_ton: pdu.dest_addr_ton, source_addr_npi: pdu.dest_addr_npi, source_addr: pdu.destination_addr,
    dest_addr_ton: pdu.source_addr_ton, dest_addr_npi: pdu.source_addr_npi, destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, data_coding: 0, short_message: '',
  };
  const stat = plan.stat || 'DELIVRD';
  if (plan.receipt === 'tlv') {
    out.receipted_message_id = id;
    out.message_state = stat === 'DELIVRD' ? smpp.MESSAGE_STATE.DELIVERED : smpp.MESSAGE_STATE.UNDELIVERABLE;
  } else {
    const day = '2611241200';
    out.short_message = `id:${number} sub:001 dlvrd:001 submit date:${day} done date:${day} stat:${stat} ` +
      `err:${stat === 'DELIVRD' ? '000' : '001'} text:`;
  }
  deliver('deliver_sm', out, 'receipt');
}

// deliver sends on a session that receives, or waits for one.
function deliver(via, fields, what) {
  const session = [...sessions].find((s) => s.mode && s.mode !== 'transmitter');
  if (!session) {
    waiting.push([via, fields, what]);
    return;
  }
  session[via](fields, (answer) => say('delivered', { what, via, status: answer.command_status }));
}

function onBind(session, mode, pdu) {
  const ok = pdu.system_id === systemID && pdu.password === password;
  say('bind', { mode, system_id: pdu.system_id, version: pdu.interface_version, ok });
  if (!ok) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }), () => session.close());
    return;
  }
  session.mode = mode;
  session.send(pdu.response({ system_id: 'node-smpp', sc_interface_version: 0x34 }));
  for (const late of waiting.splice(0)) deliver(...late);
}

const tls = keyFile ? { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) } : {};
const server = smpp.createServer(tls, (session) => {
  sessions.add(session);
  session.on('error', (err) => {
    if (err.code !== 'ECONNRESET' && err.code !== 'EPIPE') say('trouble', { why: String(err) });
  });
  session.on('close', () => {
    sessions.delete(session);
    say('closed', {});
  });
  for (const mode of ['transceiver', 'transmitter', 'receiver']) {
    session.on('bind_' + mode, (pdu) => onBind(session, mode, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => {
    say('enquire', {});
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say('unbind', {});
    session.send(pdu.response(), () => session.close());
  });
  session.on('unknown', (pdu) => say('trouble', { why: 'unknown command ' + pdu.command_id }));
  session.on('generic_nack', (pdu) => say('trouble', { why: 'generic_nack ' + pdu.command_status }));
});

function mobileOriginated(order) {
  const ref = serial++ & 0x7fff;
  for (const i of order.order || order.parts.map((_, n) => n)) {
    const fields = {
      source_addr_ton: 1, source_addr_npi: 1, source_addr: order.from,
      dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: order.to, data_coding: order.coding,
    };
    Object.assign(fields, parts.fields(order, ref, i));
    deliver(order.via || 'deliver_sm', fields, order.tag);
  }
}

const orders = {
  plan: (order) => plans.set(order.to, order),
  late: (order) => {
    const [session, pdu, id, number] = last.get(order.to);
    receipt(session, pdu, { receipt: 'text', stat: order.stat }, id, number);
  },
  mo: mobileOriginated,
  enquire: () => sessions.forEach((s) => s.enquire_link(() => say('enquired', {}))),
  unbind: () => sessions.forEach((s) => s.unbind(() => { say('unbound', {}); s.close(); })),
  drop: () => sessions.forEach((s) => s.destroy()),
};

server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => {
  const order = JSON.parse(line);
  orders[order.do](order);
  say('done', {});
});
input.on('close', () => process.exit(0));
