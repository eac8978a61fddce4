// The session, transition by transition.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BACKOFF_FIRST, BACKOFF_LONGEST, LATER, PATIENCE, QUIET, createSession } from "../../Public/js/session.js";

const KEY = "maple-otter-cabin";
const CLIENT = "0123456789abcdef0123456789abcdef";
const YOU = "00000000000000aa";
const OTHER = "00000000000000bb";

const message = (fields) => ({ type: "message", message: fields, time: 1_000, random: 0.5 });
const append = (text) => ({ type: "act", verb: "append", text });
const sent = (effects) => effects.filter((effect) => effect.type === "send").map((effect) => effect.message);
const timer = (effects, name) => effects.find((effect) => effect.type === "timer" && effect.name === name)?.after;
const notices = (effects) => effects.filter((effect) => effect.type === "notice").map((effect) => effect.kind);
const item = (number, text) => ({ item: number, at: 5, by: OTHER, text, textSeq: number });
const event = (seq, fields) => message({ type: "append", seq, tag: `t${seq}`, at: 5, by: OTHER, ref: 1, ...fields });
const snapshot = (fields = {}) => message({
  type: "snapshot", paste: KEY, code: "7K3QWD", seq: 2, tag: "t2", same: false, now: 1_500, expiresAt: 9_000,
  you: YOU, can: ["append", "edit", "keep", "remove", "clear", "extend", "delete"], pad: "", padSeq: 0, items: [item(1, "one"), item(2, "two")], acked: [], devices: 2, ...fields,
});
const resumed = (fields = {}) => message({
  type: "resumed", seq: 2, tag: "t2", now: 1_500, expiresAt: 9_000, you: YOU, acked: [], ...fields,
});

/** A session with its events so far. */
function session(options = {}, ...events) {
  const made = createSession({ client: CLIENT, key: KEY, ...options });
  for (const each of [{ type: "start" }, ...events]) made.handle(each);
  return made;
}

const opened = { type: "opened" };
const closed = (code = 1006, random = 1) => ({ type: "closed", code, random });
const live = (options) => session(options, opened, message({ type: "welcome", limits: {}, now: 1_500 }), snapshot());
const texts = (made) => [...made.paste.items.values()].map((each) => each.text);

describe("connecting", () => {
  test("says who it is first, then follows the paste without a cursor when it has none", () => {
    const made = session();
    assert.equal(made.connection, "connecting");
    assert.deepEqual(sent(made.handle(opened)), [
      { type: "hello", client: CLIENT }, { type: "subscribe", paste: KEY },
    ]);
    assert.equal(made.connection, "greeting");
  });

  test("is live at the snapshot, with its items, its author name and the server's clock", () => {
    const made = live();
    assert.equal(made.connection, "live");
    assert.equal(made.paste.phase, "open");
    assert.deepEqual(texts(made), ["one", "two"]);
    assert.equal(made.paste.you, YOU);
    assert.equal(made.clockOffset, 500);
    assert.deepEqual(made.cursor, { seq: 2, tag: "t2" });
  });

  test("puts a snapshot in several messages together before it shows any of it", () => {
    const made = session({}, opened, snapshot({ items: [item(1, "one")], more: true }));
    assert.equal(made.paste.loaded, false);
    made.handle(message({ type: "items", items: [item(2, "two")], more: true }));
    made.handle(message({ type: "items", items: [item(3, "three")], more: false }));
    assert.deepEqual(texts(made), ["one", "two", "three"]);
    assert.equal(made.connection, "live");
  });

  test("waits a random time below a doubling bound, and starts over after being level", () => {
    const made = session();
    for (const bound of [BACKOFF_FIRST, BACKOFF_FIRST * 2, BACKOFF_FIRST * 4]) {
      assert.equal(timer(made.handle(closed(1006, 0.5)), "reconnect"), bound / 2);
      assert.equal(made.connection, "waiting");
      made.handle({ type: "timer", name: "reconnect", random: 0 });
      assert.equal(made.connection, "connecting");
    }
    for (let index = 0; index < 20; index += 1) made.handle(closed(1006, 1));
    assert.equal(timer(made.handle(closed(1006, 1)), "reconnect"), BACKOFF_LONGEST);
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    made.handle(snapshot());
    assert.equal(timer(made.handle(closed(1006, 1)), "reconnect"), BACKOFF_FIRST);
  });

  test("gives up an attempt that gets no answer", () => {
    const made = session({}, opened);
    const effects = made.handle({ type: "timer", name: "connect", random: 1 });
    assert.ok(effects.some((effect) => effect.type === "disconnect"));
    assert.equal(made.connection, "waiting");
  });

  test("asks a silent connection for a sign of life and leaves it when none comes", () => {
    const made = live();
    const effects = made.handle({ type: "timer", name: "quiet", random: 1 });
    assert.deepEqual(sent(effects), [{ type: "ping" }]);
    assert.equal(timer(effects, "pong"), PATIENCE);
    assert.equal(timer(made.handle(message({ type: "pong" })), "quiet"), QUIET);
    made.handle({ type: "timer", name: "quiet", random: 1 });
    made.handle({ type: "timer", name: "pong", random: 1 });
    assert.equal(made.connection, "waiting");
  });

  test("waking up ends the wait for a reconnect and checks a connection that looks alive", () => {
    const made = live();
    assert.deepEqual(sent(made.handle({ type: "wake" })), [{ type: "ping" }]);
    made.handle(closed());
    made.handle({ type: "network", online: false });
    assert.equal(made.link.online, false);
    assert.equal(made.connection, "connecting");
  });

  test("who types does not sit out a long wait, but dials once and not with every key", () => {
    const made = live();
    const dials = (effects) => effects.filter((effect) => effect.type === "connect").length;
    const type = () => made.handle({ type: "act", verb: "type", target: "pad", ops: ["a"] });
    made.handle(closed());
    assert.equal(dials(type()), 0, "a short wait is sat out");
    for (let attempt = 0; attempt < 5; attempt += 1) {
      made.handle({ type: "timer", name: "reconnect", random: 0 });
      made.handle(closed());
    }
    assert.equal(dials(type()), 1);
    made.handle(closed());
    assert.equal(dials(type()), 0, "the attempt made in a hurry failed");
    assert.equal(dials(made.handle({ type: "timer", name: "reconnect", random: 0 })), 1);
    made.handle(closed());
    assert.equal(dials(type()), 1);
  });

  for (const [code, connection, phase] of [
    [1000, "waiting", "open"], [1001, "waiting", "open"], [1006, "waiting", "open"], [1009, "waiting", "open"],
    [1011, "waiting", "open"], [1013, "waiting", "open"], [4000, "waiting", "open"], [4399, "waiting", "open"],
    [4400, "idle", "over"], [4499, "idle", "over"], [4999, "stopped", "open"],
    [1002, "stopped", "open"], [1008, "stopped", "open"],
  ]) {
    test(`close code ${code}: ${connection}, ${phase}`, () => {
      const made = live();
      made.handle(closed(code));
      assert.equal(made.connection, connection);
      assert.equal(made.paste.phase, phase);
    });
  }

  test("close code 4500 is a lost connection of our own once for each that may be; then another page has our id", () => {
    const made = live();
    made.handle(closed(4500)); // of this page's earlier life
    assert.equal(made.connection, "waiting");
    made.handle(closed(1006));
    made.handle(closed(4500));
    assert.equal(made.connection, "waiting");
    made.handle(closed(4500));
    assert.equal(made.connection, "stopped");
  });
});

describe("events", () => {
  test("append, remove, clear, extend and keep change the paste in order", () => {
    const made = live();
    assert.deepEqual(notices(made.handle(event(3, { item: 3, text: "three\r\n" }))), ["arrived"]);
    made.handle(event(4, { type: "remove", item: 1 }));
    assert.deepEqual(texts(made), ["two", "three\r\n"]);
    made.handle(event(5, { type: "extend", expiresAt: 77_000 }));
    assert.equal(made.paste.expiresAt, 77_000);
    made.handle(event(6, { type: "keep", item: 4, text: "pad" }));
    made.handle(event(7, { type: "clear", through: 3 }));
    assert.deepEqual(texts(made), ["pad"]);
    assert.deepEqual(made.cursor, { seq: 7, tag: "t7" });
  });

  test("an edit changes the pad or an item; one that does not fit fetches the whole state", () => {
    const made = live();
    made.handle(event(3, { type: "edit", target: "pad", ops: ["h🥚llo"] }));
    made.handle(event(4, { type: "edit", target: "pad", ops: [1, -1, "e"] }));
    made.handle(event(5, { type: "edit", target: 2, ops: [3, "!"] }));
    assert.deepEqual(made.paste.pad, { text: "hello", seq: 4 });
    assert.deepEqual(texts(made), ["one", "two!"]);
    assert.equal(made.paste.items.get(2).textSeq, 5);
    assert.equal(sent(made.handle(event(6, { type: "edit", target: 1, ops: [9] })))[0].type, "subscribe");
  });

  test("an event that is known already changes nothing", () => {
    const made = live();
    made.handle(event(3, { item: 3, text: "three" }));
    made.handle(event(4, { type: "remove", item: 3 }));
    assert.deepEqual(sent(made.handle(event(3, { item: 3, text: "three" }))), []);
    assert.deepEqual(texts(made), ["one", "two"]);
  });

  test("a gap or an unknown kind of event fetches the whole state", () => {
    for (const strange of [event(5, { item: 5, text: "five" }), event(3, { type: "invented" })]) {
      const made = live();
      assert.deepEqual(sent(made.handle(strange)), [{ type: "subscribe", paste: KEY }]);
      assert.equal(made.connection, "greeting");
      made.handle(snapshot({ seq: 5, tag: "t5", items: [item(5, "five")] }));
      assert.deepEqual(texts(made), ["five"]);
      assert.equal(made.connection, "live");
    }
  });

  test("an unknown message without a seq is passed over", () => {
    const made = live();
    assert.deepEqual(sent(made.handle(message({ type: "weather" }))), []);
    assert.equal(made.connection, "live");
  });

  test("items that a new snapshot did not change stay the same objects", () => {
    const made = live();
    const before = made.paste.items.get(1);
    made.handle(closed());
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    made.handle(snapshot({ same: true, items: [item(1, "one"), { ...item(2, "two!"), textSeq: 9 }] }));
    assert.equal(made.paste.items.get(1), before);
    assert.equal(made.paste.items.get(2).text, "two!");
  });
});

describe("requests", () => {
  test("are stored before they are sent, under a ref of their own, until their own event comes", () => {
    const made = live();
    const effects = made.handle(append("three"));
    assert.deepEqual(effects.map((effect) => effect.type), ["store", "send"]);
    assert.deepEqual(sent(effects), [{ type: "append", ref: 1, text: "three" }]);
    assert.deepEqual(notices(made.handle(event(3, { item: 3, text: "x", by: OTHER, ref: 1 }))), ["arrived"]);
    assert.equal(made.outbox.unanswered().length, 1, "somebody else's ref 1 is not ours");
    const acknowledged = made.handle(event(4, { item: 4, text: "three", by: YOU, ref: 1 }));
    assert.deepEqual(acknowledged[0], { type: "store", refs: [1] });
    assert.equal(made.outbox.unanswered().length, 0);
  });

  test("of an earlier life of the page, which knew no cursor, are acknowledged by its first snapshot", () => {
    const before = live();
    before.handle(append("kept"));
    const made = session({ stored: { entries: [...before.outbox.entries.values()] }, cursor: null }, opened);
    made.handle(message({ type: "welcome", limits: {}, now: 1_500 }));
    made.handle(snapshot({ acked: [{ ref: 1, seq: 2 }] }));
    assert.equal(made.outbox.unanswered().length, 0);
    assert.equal(made.connection, "live");
  });

  test("are acknowledged by ack, by acked of resumed and by acked of a snapshot", () => {
    for (const answer of [message({ type: "ack", ref: 1, seq: 2 }), resumed({ acked: [{ ref: 1, seq: 2 }] }),
      snapshot({ same: true, acked: [{ ref: 1, seq: 2 }] })]) {
      const made = live();
      made.handle(append("three"));
      made.handle(answer);
      assert.equal(made.outbox.unanswered().length, 0);
    }
  });

  test("go again under the same ref after a reconnect, once the history is known to be the same", () => {
    const made = live();
    made.handle(append("three"));
    made.handle(closed());
    made.handle(append("four"));
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    assert.deepEqual(sent(made.handle(opened))[1], {
      type: "subscribe", paste: KEY, after: 2, tag: "t2", pending: [1, 2],
    });
    assert.deepEqual(sent(made.handle(resumed())), [
      { type: "append", ref: 1, text: "three" }, { type: "append", ref: 2, text: "four" },
    ]);
  });

  test("are set aside, not sent, when the history is another one", () => {
    const made = live();
    made.handle(append("three"));
    made.handle(closed());
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    const effects = made.handle(snapshot({ same: false, seq: 1, tag: "u1", items: [item(1, "strange")] }));
    assert.deepEqual(sent(effects), []);
    assert.deepEqual(made.outbox.returned().map((entry) => [entry.fields.text, entry.state]), [["three", "aside"]]);
    const again = made.handle({ type: "act", verb: "again", ref: 1 });
    assert.deepEqual(sent(again), [{ type: "append", ref: 2, text: "three" }], "a fresh ref: the person said so");
    made.handle({ type: "act", verb: "discard", ref: 2 });
    assert.equal(made.outbox.unanswered().length, 1, "what may be on the wire can't be taken back");
  });

  test("survive a reload: the stored cursor proves the history before the whole state is fetched", () => {
    const stored = { next: 8, entries: [{ ref: 7, verb: "append", fields: { text: "seven" }, state: "sent" }] };
    const made = session({ stored, cursor: { seq: 1, tag: "t1" } });
    assert.deepEqual(sent(made.handle(opened))[1], {
      type: "subscribe", paste: KEY, after: 1, tag: "t1", pending: [7],
    });
    made.handle(event(2, { item: 2, text: "two" }));
    assert.deepEqual(sent(made.handle(resumed())), [{ type: "subscribe", paste: KEY, pending: [7] }]);
    assert.deepEqual(sent(made.handle(snapshot())), [{ type: "append", ref: 7, text: "seven" }]);
    assert.deepEqual(sent(made.handle(append("eight"))), [{ type: "append", ref: 8, text: "eight" }]);
  });

  test("made before a paste was ever seen are sent to whatever the key opens", () => {
    const made = session();
    made.handle(append("early"));
    made.handle(opened);
    assert.deepEqual(sent(made.handle(snapshot())), [{ type: "append", ref: 1, text: "early" }]);
  });

  test("at most 32 are on the wire", () => {
    const made = live();
    let count = 0;
    for (let index = 0; index < 40; index += 1) count += sent(made.handle(append(`${index}`))).length;
    assert.equal(count, 32);
    assert.deepEqual(sent(made.handle(message({ type: "ack", ref: 1, seq: 3 }))).map((each) => each.ref), [33]);
  });

  test("refused for good: the text is given back with the reason", () => {
    const made = live();
    made.handle(append("three"));
    made.handle(message({ type: "error", ref: 1, code: "pasteFull", message: "The paste is full.", retry: "never" }));
    const [entry] = made.outbox.returned();
    assert.deepEqual([entry.fields.text, entry.message, entry.state], ["three", "The paste is full.", "refused"]);
    made.handle({ type: "act", verb: "discard", ref: 1 });
    assert.deepEqual(made.outbox.returned(), []);
  });

  test("refused for later: the same ref goes again after the time that was named, before anything newer", () => {
    const made = live();
    made.handle(append("three"));
    const effects = made.handle(message({ type: "error", ref: 1, code: "tooFast", retry: "later", retryAfter: 250 }));
    assert.equal(timer(effects, "later"), 250);
    assert.deepEqual(sent(made.handle(append("four"))), []);
    assert.deepEqual(sent(made.handle({ type: "timer", name: "later", random: 0 })).map((each) => each.ref), [1, 2]);
  });

  test("without a named time refusals for later wait longer and longer, until something takes effect", () => {
    const made = live();
    const refusal = { ...message({ type: "error", ref: 1, code: "busy", retry: "later" }), random: 1 };
    made.handle(append("three"));
    for (const wait of [LATER, LATER * 2, LATER * 4]) {
      assert.equal(timer(made.handle(refusal), "later"), wait);
      made.handle({ type: "timer", name: "later", random: 0 });
    }
    made.handle(message({ type: "ack", ref: 1, seq: 3 }));
    made.handle(append("four"));
    assert.equal(timer(made.handle({ ...refusal, message: { ...refusal.message, ref: 2 } }), "later"), LATER);
  });

  test("items of an unknown kind are no texts to show", () => {
    const made = session({}, opened, snapshot({ items: [item(1, "one"), { ...item(2, "x"), kind: "drawing" }] }));
    made.handle(event(3, { item: 3, text: "x", kind: "drawing" }));
    assert.deepEqual(texts(made), ["one"]);
    assert.equal(made.cursor.seq, 3);
  });

  test("a message beyond the wire limit is given back instead of being sent for ever", () => {
    const made = live();
    made.handle(append("small"));
    made.handle(append("much larger"));
    made.handle(closed(1009));
    assert.deepEqual(made.outbox.returned().map((entry) => entry.fields.text), ["much larger"]);
    assert.deepEqual(made.outbox.unanswered().map((entry) => entry.fields.text), ["small"]);
  });

  test("removing what somebody else has removed is no error", () => {
    const made = live();
    made.handle({ type: "act", verb: "remove", item: 1 });
    assert.deepEqual(notices(made.handle(message({ type: "error", ref: 1, code: "noSuchItem", retry: "never" }))), []);
    assert.equal(made.outbox.unanswered().length, 0);
  });

  test("that the key does not permit are not sent, and cost no text", () => {
    const made = session({}, opened, snapshot({ can: ["append"] }));
    for (const act of [{ verb: "remove", item: 1 }, { verb: "clear", through: 2 }, { verb: "extend", expiresIn: 5 },
      { verb: "delete" }, { verb: "keep" }, { verb: "open", target: 1 }]) {
      assert.deepEqual(made.handle({ type: "act", ...act }), [], act.verb);
    }
    assert.equal(sent(made.handle(append("three"))).length, 1);
    made.handle(message({ type: "error", ref: 1, code: "pasteFull", message: "Full.", retry: "never" }));
    made.handle(closed());
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    made.handle(snapshot({ can: [], same: true }));
    assert.deepEqual(sent(made.handle({ type: "act", verb: "again", ref: 1 })), []);
    assert.deepEqual(made.outbox.returned().map((entry) => entry.fields.text), ["three"], "it can still be copied");
  });

  test("pressing Remove twice asks once", () => {
    const made = live();
    assert.equal(sent(made.handle({ type: "act", verb: "remove", item: 1 })).length, 1);
    assert.equal(sent(made.handle({ type: "act", verb: "remove", item: 1 })).length, 0);
  });
});

describe("the paste's life", () => {
  test("a new paste is asked for once, again under the same ref after a drop, and then followed", () => {
    const made = session({ key: null }, opened);
    made.handle(message({ type: "welcome", limits: {}, now: 0 }));
    const ask = { type: "act", verb: "create", expiresIn: 3_600_000 };
    assert.deepEqual(sent(made.handle(ask)), [{ type: "create", ref: 1, expiresIn: 3_600_000 }]);
    assert.deepEqual(sent(made.handle(ask)), [], "a double click");
    made.handle(closed());
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    assert.deepEqual(sent(made.handle(message({ type: "welcome", limits: {}, now: 0 }))), [
      { type: "create", ref: 1, expiresIn: 3_600_000 },
    ]);
    const effects = made.handle(message({
      type: "created", ref: 1, paste: KEY, code: "7K3QWD", url: "/", seq: 0, tag: "t0", expiresAt: 5,
    }));
    assert.deepEqual(effects.filter((effect) => effect.type === "address"), [{ type: "address", paste: KEY }]);
    assert.deepEqual(sent(effects), [{ type: "subscribe", paste: KEY, after: 0, tag: "t0" }]);
    made.handle(resumed({ seq: 0, tag: "t0" }));
    assert.deepEqual(sent(made.handle(append("first"))), [{ type: "append", ref: 2, text: "first" }]);
  });

  test("an unknown key gets a clear answer, makes nothing and does not come back", () => {
    const made = session({}, opened);
    const effects = made.handle(message({ type: "error", code: "noSuchPaste", message: "No.", retry: "never" }));
    assert.equal(made.paste.phase, "unknown");
    assert.deepEqual(sent(effects), []);
    made.handle(closed(1000));
    assert.equal(made.connection, "idle");
    assert.deepEqual(made.handle({ type: "wake" }).filter((effect) => effect.type === "connect"), []);
  });

  test("a long wait is told, and a text that fits much later goes back to the person instead of holding up the rest", () => {
    const made = live();
    made.handle({ type: "act", verb: "append", text: "large" });
    made.handle({ type: "act", verb: "remove", item: 1 });
    const refusal = { type: "error", code: "serverFull", retry: "later", message: "Full." };
    const told = made.handle(message({ ...refusal, ref: 1, retryAfter: 5_000 }));
    assert.equal(timer(told, "later"), 5_000);
    assert.deepEqual(told.filter(({ type }) => type === "notice").map((notice) => notice.message), ["Full."]);
    made.handle({ type: "timer", name: "later", random: 0 });
    const back = made.handle(message({ ...refusal, ref: 1, code: "quotaReached", retryAfter: 84_000 }));
    assert.equal(timer(back, "later"), undefined);
    assert.deepEqual(back.filter(({ type }) => type === "notice").map((notice) => notice.kind), ["returned"]);
    assert.equal(made.outbox.get(1).state, "refused");
    assert.equal(made.outbox.get(1).fields.text, "large");
  });

  test("too many guesses: the subscribe is tried again later, the page stays", () => {
    const made = session({}, opened);
    const effects = made.handle(message({ type: "error", code: "tooManyMisses", retry: "later", retryAfter: 3_000 }));
    assert.equal(timer(effects, "again"), 3_000);
    assert.deepEqual(sent(made.handle({ type: "timer", name: "again", random: 0 })).map((each) => each.type), ["subscribe"]);
  });

  test("expired: read-only, its items stay, unsent texts are given back", () => {
    const made = live();
    made.handle(append("late"));
    made.handle(message({ type: "expired", paste: KEY, reason: "expired" }));
    assert.equal(made.paste.phase, "over");
    assert.deepEqual(texts(made), ["one", "two"]);
    assert.deepEqual(made.outbox.returned().map((entry) => entry.fields.text), ["late"]);
    assert.equal(made.paste.writable, false);
    assert.deepEqual(made.handle(append("later")), []);
  });

  test("expired while away: a paste that was open before is over, not unknown", () => {
    const made = live();
    made.handle(closed());
    made.handle({ type: "timer", name: "reconnect", random: 0 });
    made.handle(opened);
    made.handle(message({ type: "error", code: "noSuchPaste", message: "No.", retry: "never" }));
    assert.deepEqual([made.paste.phase, made.paste.reason], ["over", "expired"]);
    assert.deepEqual(texts(made), ["one", "two"]);
  });

  test("deleted is told from expired", () => {
    for (const end of [message({ type: "expired", paste: KEY, reason: "deleted" }), closed(4401)]) {
      const made = live();
      made.handle(end);
      assert.equal(made.paste.reason, "deleted");
    }
  });
});
