// What a live text makes of an `ack`: its step took effect, but this page may or may not have that event, and a
// repeat after a reconnect is answered by nothing else.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSession } from "../../Public/js/session.js";
import { apply } from "../../Public/js/text.js";

const KEY = "maple-otter-cabin";
const [YOU, OTHER] = ["00000000000000aa", "00000000000000bb"];
const CAN = ["append", "edit", "keep", "remove", "clear", "extend", "delete"];

/** A session on a pad "ab" at seq 5, and what its page shows. */
class Page {
  constructor(left = {}) {
    this.session = createSession({ client: "0123456789abcdef0123456789abcdef", key: KEY, ...left });
    this.sent = [];
    this.shown = this.session.desk.pad.text;
    this.take({ type: "start" });
    this.take({ type: "opened" });
    this.says({ type: "welcome", limits: {}, now: 0 });
    if (!left.cursor) this.snapshot("ab", 5);
  }

  take(event) {
    for (const effect of this.session.handle(event)) {
      if (effect.type === "send") this.sent.push(effect.message);
      if (effect.type === "text") this.shown = apply(this.shown, effect.ops);
    }
  }

  says(message) {
    this.take({ type: "message", message, time: 0, random: 0.5 });
  }

  snapshot(pad, padSeq, fields = {}) {
    this.says({
      type: "snapshot", paste: KEY, code: "7K3QWD", seq: padSeq, tag: `t${padSeq}`, same: true, now: 0, expiresAt: 9, you: YOU,
      can: CAN, pad, padSeq, items: [], acked: [], devices: 2, ...fields,
    });
  }

  edited(seq, by, ref, ops) {
    this.says({ type: "edit", seq, tag: `t${seq}`, at: 1, by, ref, target: "pad", ops });
  }

  type(...ops) {
    this.shown = apply(this.shown, ops);
    this.take({ type: "act", verb: "type", target: "pad", ops });
  }

  keep() {
    this.take({ type: "act", verb: "keep" });
  }

  /** The connection is lost and there again; the server has not answered the subscribe yet. */
  reconnect() {
    this.take({ type: "closed", code: 1006, random: 0 });
    this.take({ type: "timer", name: "reconnect", random: 0 });
    this.take({ type: "opened" });
    this.says({ type: "welcome", limits: {}, now: 0 });
  }

  /** Nothing waits any more, and page, session and server agree. */
  assertLevel(text) {
    assert.equal(this.shown, text, "what is shown");
    assert.equal(this.session.desk.pad.text, text, "what is edited");
    assert.equal(this.session.paste.pad.text, text, "what the server has");
    assert.equal(this.session.desk.unsent, 0);
    assert.equal(this.session.outbox.unanswered().length, 0);
  }

  get last() {
    return this.sent.at(-1);
  }
}

describe("an ack of a live text's edit", () => {
  test("that comes before the event decides nothing: the event brings the text, once", () => {
    const page = new Page();
    page.type(2, "mine");
    page.says({ type: "ack", ref: 1, seq: 7 });
    assert.equal(page.session.desk.unsent, 1, "it is not in the known text yet");
    page.type(6, "more");
    assert.equal(page.last.ref, 1, "what is typed behind it waits for its base");
    page.edited(6, OTHER, 3, ["X"]);
    page.edited(7, YOU, 1, [3, "mine"]);
    assert.deepEqual([page.last.ref, page.last.base, page.last.ops], [2, 7, [7, "more"]]);
    page.edited(8, YOU, 2, [7, "more"]);
    page.assertLevel("Xabminemore");
  });

  test("counts when a snapshot comes instead of the event", () => {
    const page = new Page();
    page.type(2, "mine");
    page.says({ type: "ack", ref: 1, seq: 6 });
    page.reconnect();
    page.snapshot("abmineX", 7);
    page.assertLevel("abmineX");
  });

  test("of a repeat, that the known text has: the step goes, and with it what was shown twice", () => {
    const page = new Page();
    page.type(2, "mine");
    page.reconnect();
    // The whole state has the edit already, but does not say so: it looks like another device's.
    page.snapshot("abmine", 6);
    assert.equal(page.last.ref, 1, "asked for again");
    page.type(page.shown.length, "!");
    page.says({ type: "ack", ref: 1, seq: 6 });
    assert.equal(page.shown, "abmine!");
    assert.deepEqual([page.last.ref, page.last.base, page.last.ops], [2, 6, [6, "!"]]);
    page.edited(7, YOU, 2, [6, "!"]);
    page.assertLevel("abmine!");
  });

  test("after a reload: the cursor may be ahead of the text that was stored, and the snapshot brings it", () => {
    const sent = { ref: 1, base: 5, ops: [2, "mine"] };
    const record = { text: "ab", seq: 5, steps: [{ kind: "edit", ops: sent.ops, sent }] };
    const page = new Page({ cursor: { seq: 6, tag: "t6" }, texts: [["pad", record]] });
    page.says({ type: "resumed", seq: 6, tag: "t6", now: 0, expiresAt: 9, you: YOU, acked: [{ ref: 1, seq: 6 }] });
    assert.equal(page.shown, "abmine", "nothing is taken away that the person typed");
    assert.deepEqual(page.last, { type: "subscribe", paste: KEY, pending: [1] }, "it is still asked about");
    page.snapshot("abmineX", 7, { acked: [{ ref: 1, seq: 6 }] });
    page.assertLevel("abmineX");
  });

  test("while a snapshot is arriving, the snapshot decides", () => {
    const page = new Page();
    page.type(2, "mine");
    page.reconnect();
    const items = [{ item: 1, at: 1, by: OTHER, text: "one", textSeq: 3 }];
    page.snapshot("abmine", 6, { items: [], more: true });
    page.says({ type: "ack", ref: 1, seq: 5 });
    assert.equal(page.session.desk.unsent, 1, "what is known is not the state that is coming");
    page.says({ type: "items", items });
    page.assertLevel("abmine");
  });

  test("of a request that is under way no more changes nothing", () => {
    const page = new Page();
    page.type(2, "mine");
    page.edited(6, YOU, 1, [2, "mine"]);
    page.type(6, "!");
    page.says({ type: "ack", ref: 1, seq: 6 });
    assert.equal(page.session.desk.unsent, 1, "the second edit still waits");
    page.edited(7, YOU, 2, [6, "!"]);
    page.assertLevel("abmine!");
  });
});

describe("an ack of a keep", () => {
  const kept = (seq, by, ref) => ({ type: "keep", seq, tag: `t${seq}`, at: 1, by, ref, item: 1, text: "ab" });

  test("names another device's keep that came before: the pad is kept once, what was typed since stays", () => {
    const page = new Page();
    page.keep();
    page.type("next");
    page.says(kept(6, OTHER, 9));
    page.says({ type: "ack", ref: 1, seq: 6, item: 1 });
    assert.equal(page.shown, "next");
    assert.deepEqual([page.last.type, page.last.base, page.last.ops], ["edit", 6, ["next"]]);
    page.edited(7, YOU, 2, ["next"]);
    page.assertLevel("next");
  });

  test("that comes before the other's event decides too", () => {
    const page = new Page();
    page.keep();
    page.type("next");
    page.says({ type: "ack", ref: 1, seq: 6, item: 1 });
    page.says(kept(6, OTHER, 9));
    page.edited(7, YOU, 2, ["next"]);
    page.assertLevel("next");
  });

  test("that comes before the other's event decides too, and a second keep means what came after it", () => {
    const page = new Page();
    page.keep();
    page.type("next");
    page.keep();
    page.says({ type: "ack", ref: 1, seq: 6, item: 1 });
    page.says(kept(6, OTHER, 9));
    page.edited(7, YOU, 2, ["next"]);
    assert.deepEqual([page.last.type, page.last.base], ["keep", 6]);
    page.says({ ...kept(8, YOU, 3), item: 2, text: "next" });
    page.assertLevel("");
  });
});
