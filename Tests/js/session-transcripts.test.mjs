// The transcripts of Protocol/ replayed: what the server said there leads every device's session to the state
// that the log describes, and what the session sends is what the transcript's device sent.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "../../Public/js/protocol.js";
import { createSession } from "../../Public/js/session.js";

const FOLDER = new URL("../../Protocol/transcripts/", import.meta.url);
const VERBS = ["append", "remove", "clear", "extend", "delete", "create"];
/** Devices there do on purpose what this page never does; the session only has to survive the answers. */
const ILL_MANNERED = ["errors.json", "duplicate-ref.json", "edit-keep.json", "extend-expire.json"];

/** One device of a transcript: its session, and what it put on the wire. */
class Device {
  constructor(client, key) {
    this.sent = [];
    this.session = createSession({ client, key });
    this.handle({ type: "start" });
  }

  handle(event) {
    for (const effect of this.session.handle(event)) if (effect.type === "send") this.sent.push(effect.message);
  }

  connect() {
    if (this.session.connection !== "connecting") {
      this.handle({ type: "closed", code: 1006, random: 0 });
      this.handle({ type: "timer", name: "reconnect", random: 0 });
    }
    this.handle({ type: "opened" });
  }

  /** The device did what this message asks for, unless the session has it in its outbox by itself. */
  act(message) {
    const { type: verb, ref, ...fields } = message;
    if (VERBS.includes(verb) && ref >= this.session.outbox.next) this.handle({ type: "act", verb, ...fields });
  }
}

/** The items after all events and snapshots of a transcript, as texts by number. */
function itemsOf(steps) {
  const items = new Map();
  let level = 0;
  for (const { from, message } of steps) {
    if (from !== "server" || !(message.seq > level)) continue;
    if (message.type === "snapshot") {
      items.clear();
      for (const { item, text } of message.items) items.set(item, text);
    }
    if (message.type === "snapshot" || message.at !== undefined) level = message.seq;
    if (message.type === "append" || message.type === "keep") items.set(message.item, message.text);
    if (message.type === "remove") items.delete(message.item);
    if (message.type === "clear") for (const number of [...items.keys()]) if (number <= message.through) items.delete(number);
  }
  return [...items];
}

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".json"))) {
  const { title, steps } = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
  test(`${name}: ${title}`, () => {
    const clients = new Map(); // connection -> client
    const keys = new Map(); // client -> what it opens, null when it makes its paste itself
    for (const { connection, from, message } of steps) {
      if (from === "client" && message.type === "hello") clients.set(connection, message.client);
      const client = clients.get(connection);
      if (from === "client" && ["create", "subscribe"].includes(message.type) && !keys.has(client)) {
        keys.set(client, message.type === "create" ? null : message.paste);
      }
    }
    const devices = new Map();
    const connected = new Set();
    const told = new Map(); // client -> messages that the transcript's device sent
    for (const { connection, from, message } of steps) {
      const client = clients.get(connection);
      if (!devices.has(client)) devices.set(client, new Device(client, keys.get(client)));
      const device = devices.get(client);
      if (!connected.has(connection)) {
        connected.add(connection);
        device.connect();
      }
      if (from === "client") {
        told.set(client, [...(told.get(client) ?? []), message]);
        device.act(message);
      } else {
        device.handle({ type: "message", message: parse(JSON.stringify(message)), time: 0, random: 0.5 });
      }
    }
    assert.ok(devices.size > 0);
    if (name === "edit-keep.json") {
      for (const { session } of devices.values()) {
        assert.equal(session.paste.pad.text, "");
        assert.deepEqual([...session.paste.items.values()].map((item) => [item.number, item.text]), itemsOf(steps), "items");
      }
    }
    if (ILL_MANNERED.includes(name)) return;
    for (const [client, { session, sent }] of devices) {
      assert.deepEqual(sent.filter((each) => VERBS.includes(each.type)), told.get(client).filter((each) => VERBS.includes(each.type)), "requests");
      assert.equal(session.outbox.unanswered().length, 0, "everything is answered");
      const last = steps.findLast(({ connection, from }) => clients.get(connection) === client && from === "server");
      if (last.message.seq === Math.max(...steps.map((step) => (step.from === "server" && step.message.seq) || 0))) {
        assert.deepEqual([...session.paste.items.values()].map((item) => [item.number, item.text]), itemsOf(steps), "items");
      }
    }
  });
}
