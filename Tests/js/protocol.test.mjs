// The page's side of the protocol against the same files that the server's tests replay.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { tooLarge } from "../../Public/js/wording.js";
import * as protocol from "../../Public/js/protocol.js";

const folder = new URL("../../Protocol/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, folder), "utf8"));

/** Makes a client's message again from its parts, through the builders. */
function rebuilt({ type, ...parts }) {
  switch (type) {
    case "hello": return protocol.hello(parts.client);
    case "subscribe": {
      const cursor = parts.after !== undefined && parts.tag !== undefined ? { seq: parts.after, tag: parts.tag } : null;
      return protocol.subscribe({ paste: parts.paste, cursor, pending: parts.pending ?? [] });
    }
    case "delete": return protocol.deletePaste(parts.ref);
    case "unsubscribe": return protocol.unsubscribe();
    case "ping": return protocol.ping();
    default: return protocol[type](parts);
  }
}

test("what the builders make is byte for byte what the vectors call canonical", () => {
  for (const { name, json, canonical = json } of read("vectors/messages-client.json").accept) {
    assert.equal(JSON.stringify(rebuilt(JSON.parse(canonical))), canonical, name);
  }
});

test("the builders refuse what the server would refuse, with its code", () => {
  const buildable = new Set(["hello", "create", "append", "edit", "keep", "remove", "clear", "extend", "delete"]);
  let checked = 0;
  for (const { name, json, code } of read("vectors/messages-client.json").reject) {
    let message;
    try {
      message = JSON.parse(json);
    } catch {
      continue; // no builder makes what is no JSON
    }
    if (!buildable.has(message?.type)) continue;
    // What only a text can have: 1.0 is 1 to JavaScript, and of two equal names the last counts.
    if (/twice|fraction of zero|exponent/.test(name)) continue;
    assert.throws(() => rebuilt(message), (error) => error instanceof protocol.MessageError && error.code === code, name);
    checked += 1;
  }
  assert.ok(checked > 40, `${checked}`);
});

test("every message of the server is read, and is the same bytes when it is written again", () => {
  for (const { name, json, canonical } of read("vectors/messages-server.json").accept) {
    const message = protocol.parse(json);
    if (canonical === undefined) assert.equal(JSON.stringify(message), json, name);
  }
});

test("an unknown or wrong message of the server is an error that says what to do", () => {
  for (const { name, json, code, seq } of read("vectors/messages-server.json").reject) {
    assert.throws(() => protocol.parse(json), (error) => error.code === code && error.seq === seq, name);
  }
  assert.throws(() => protocol.parse('{"type":"constructor"}'), { code: "unknownType" });
  assert.throws(() => protocol.parse('{"type":"__proto__"}'), { code: "unknownType" });
});

test("transcripts: both sides' messages, and events follow each other without a gap on every connection", () => {
  for (const file of readdirSync(new URL("transcripts/", folder))) {
    const { steps } = read(`transcripts/${file}`);
    const seqs = new Map();
    for (const { connection, from, message } of steps) {
      const text = JSON.stringify(message);
      if (from === "client") {
        assert.equal(JSON.stringify(rebuilt(message)), text, file);
        if (message.type === "subscribe" && message.after !== undefined) seqs.set(connection, message.after);
        continue;
      }
      assert.equal(JSON.stringify(protocol.parse(text)), text, file);
      if (message.type === "snapshot") seqs.set(connection, message.seq);
      if (protocol.isEvent(message)) {
        assert.equal(message.seq, seqs.get(connection) + 1, `${file}: ${text}`);
        seqs.set(connection, message.seq);
      }
    }
  }
});

test("of a text that is too large the page says what the server says", () => {
  const row = read("errors.json").errors.find(({ code }) => code === "textTooLarge");
  assert.equal(tooLarge(), row.message);
  assert.equal(tooLarge(1 << 20), row.messageWithLimit.replace("{limit}", "1 MiB"));
});

test("a close code tells whether to come back", () => {
  const { closeCodes, closeRanges, standardCloseCodes } = read("errors.json");
  for (const { code, rule } of [...closeCodes, ...standardCloseCodes]) assert.equal(protocol.closeRule(code), rule, `${code}`);
  for (const { from, through, rule } of closeRanges) {
    for (const code of [from, from + 1, through - 1, through]) assert.equal(protocol.closeRule(code), rule, `${code}`);
  }
});

test("limits of the wire at -1, 0, +1", () => {
  const edit = (ops) => () => protocol.edit({ ref: 1, target: "pad", base: 0, ops });
  const follow = (extra) => () => protocol.subscribe({ paste: "7K3QWD", ...extra });
  const cases = [
    [(n) => edit(Array(n).fill(1)), protocol.EDIT_OPS],
    [(n) => edit([n]), protocol.OP_COUNT],
    [(n) => edit([-n]), protocol.OP_COUNT],
    [(n) => follow({ pending: Array.from({ length: n }, (_, index) => index + 1) }), protocol.PENDING_REFS],
    [(n) => follow({ paste: "a".repeat(n) }), protocol.KEY_BYTES],
    [(n) => () => protocol.append({ ref: n, text: "a" }), protocol.LARGEST_INTEGER],
  ];
  for (const [make, limit] of cases) {
    assert.doesNotThrow(make(limit - 1));
    assert.doesNotThrow(make(limit));
    assert.throws(make(limit + 1), protocol.MessageError);
  }
});

test("a message's size is counted in bytes of UTF-8", () => {
  const message = protocol.append({ ref: 1, text: "é😀\n" });
  assert.equal(protocol.messageBytes(message), Buffer.byteLength('{"type":"append","ref":1,"text":"é😀\\n"}'));
});
