// The page's side of the protocol against the same files that the server's tests replay.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { LiveText } from "../../Public/js/editor.js";
import { Outbox } from "../../Public/js/outbox.js";
import { closeRule, parse } from "../../Public/js/protocol.js";
import { MessageError } from "../../Public/js/shapes.js";
import { apply, MAXIMUM_OPS } from "../../Public/js/text.js";
import { tooLarge } from "../../Public/js/wording.js";
import { canonical as canonicalOf, check, KEY_BYTES, OP_COUNT, PENDING_REFS } from "./client-messages.mjs";

const EVENTS = ["append", "edit", "keep", "remove", "clear", "extend"];
const JUDGED = new Set([...EVENTS, "hello", "create", "delete"]);

const folder = new URL("../../Protocol/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, folder), "utf8"));

test("a client's message in its canonical form is byte for byte what the vectors say", () => {
  for (const { name, json, canonical = json } of read("vectors/messages-client.json").accept) {
    const message = JSON.parse(canonical);
    assert.doesNotThrow(() => check(message), name);
    assert.equal(JSON.stringify(canonicalOf(message)), canonical, name);
  }
});

test("the simulated servers refuse what the server refuses, with its code", () => {
  let checked = 0;
  for (const { name, json, code } of read("vectors/messages-client.json").reject) {
    let message;
    try {
      message = JSON.parse(json);
    } catch {
      continue;
    }
    if (!JUDGED.has(message?.type)) continue;
    // What only a text can have: 1.0 is 1 to JavaScript, and of two equal names the last counts.
    if (/twice|fraction of zero|exponent/.test(name)) continue;
    assert.throws(() => check(message), (error) => error instanceof MessageError && error.code === code, name);
    checked += 1;
  }
  assert.ok(checked > 40, `${checked}`);
});

test("every message of the server is read, and is the same bytes when it is written again", () => {
  for (const { name, json, canonical } of read("vectors/messages-server.json").accept) {
    const message = parse(json);
    if (canonical === undefined) assert.equal(JSON.stringify(message), json, name);
  }
});

test("an unknown or wrong message of the server is an error that says what to do", () => {
  for (const { name, json, code, seq } of read("vectors/messages-server.json").reject) {
    assert.throws(() => parse(json), (error) => error.code === code && error.seq === seq, name);
  }
  assert.throws(() => parse('{"type":"constructor"}'), { code: "unknownType" });
  assert.throws(() => parse('{"type":"__proto__"}'), { code: "unknownType" });
});

test("transcripts: both sides' messages, and events follow each other without a gap on every connection", () => {
  for (const file of readdirSync(new URL("transcripts/", folder))) {
    const { steps } = read(`transcripts/${file}`);
    const seqs = new Map();
    for (const { connection, from, message } of steps) {
      const text = JSON.stringify(message);
      if (from === "client") {
        assert.equal(JSON.stringify(canonicalOf(message)), text, file);
        if (message.type === "subscribe" && message.after !== undefined) seqs.set(connection, message.after);
        continue;
      }
      assert.equal(JSON.stringify(parse(text)), text, file);
      if (message.type === "snapshot") seqs.set(connection, message.seq);
      if (EVENTS.includes(message.type)) {
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
  for (const { code, rule } of [...closeCodes, ...standardCloseCodes]) assert.equal(closeRule(code), rule, `${code}`);
  for (const { from, through, rule } of closeRanges) {
    for (const code of [from, from + 1, through - 1, through]) assert.equal(closeRule(code), rule, `${code}`);
  }
});

test("limits of the wire at -1, 0, +1", () => {
  const edit = (ops) => ({ type: "edit", ref: 1, target: "pad", base: 0, ops });
  const follow = (extra) => ({ type: "subscribe", paste: "7K3QWD", ...extra });
  const cases = [
    [(n) => edit(Array(n).fill(1)), MAXIMUM_OPS],
    [(n) => edit([n]), OP_COUNT],
    [(n) => edit([-n]), OP_COUNT],
    [(n) => follow({ pending: Array.from({ length: n }, (_, index) => index + 1) }), PENDING_REFS],
    [(n) => follow({ paste: "a".repeat(n) }), KEY_BYTES],
    [(n) => ({ type: "append", ref: n, text: "a" }), Number.MAX_SAFE_INTEGER],
  ];
  for (const [make, limit] of cases) {
    assert.doesNotThrow(() => check(make(limit - 1)));
    assert.doesNotThrow(() => check(make(limit)));
    assert.throws(() => check(make(limit + 1)), MessageError);
  }
});

test("of more requests than one `subscribe` can name the page asks about the oldest, which go first", () => {
  const outbox = new Outbox();
  for (let ref = 1; ref <= PENDING_REFS + 1; ref += 1) outbox.add("append", { text: "a" });
  assert.deepEqual(outbox.pendingRefs(), Array.from({ length: PENDING_REFS }, (_, index) => index + 1));
});

test("typed in more places than one edit can name, it is one change from the first to the last of them", () => {
  const text = "ab".repeat(MAXIMUM_OPS);
  const live = new LiveText({ text, seq: 1 });
  live.type(Array.from({ length: MAXIMUM_OPS }, () => [1, -1]).flat());
  const { fields } = live.next();
  assert.doesNotThrow(() => check({ type: "edit", ref: 1, target: "pad", ...fields }));
  assert.equal(apply(text, fields.ops), "a".repeat(MAXIMUM_OPS));
});
