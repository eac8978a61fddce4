// A live text, rule by rule.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LiveText } from "../../Public/js/editor.js";
import { spliceBetween, opsOf, splicesOf, moved, asShown, textOffset, shownOffset, shownSplices } from "../../Public/js/splice.js";
import { apply } from "../../Public/js/text.js";
import { Undo } from "../../Public/js/undo.js";

/** A text with "mine" under way and "held" typed behind it. */
function busy() {
  const live = new LiveText({ text: "ab", seq: 5 });
  live.type([1, "mine"]);
  live.sent(9, live.next().fields);
  live.type([5, "held"]);
  return live;
}

describe("a live text", () => {
  test("has one edit under way, and holds back what is typed meanwhile", () => {
    const live = busy();
    assert.equal(live.text, "amineheldb");
    assert.equal(live.next(), null);
    assert.deepEqual(live.received([1, "mine"], "amineb", 6, 9), []);
    assert.deepEqual(live.next(), { verb: "edit", fields: { base: 6, ops: [5, "held"] } });
  });

  test("moves both along with what others do, and leaves what is under way as it was sent", () => {
    const live = busy();
    assert.deepEqual(live.received(["X"], "Xab", 6, 0), ["X"]);
    assert.equal(live.text, "Xamineheldb");
    assert.deepEqual(live.steps[0].sent, { ref: 9, base: 5, ops: [1, "mine"] });
  });

  test("takes its own event for what it says, not for what was sent", () => {
    const live = busy();
    live.received([1, "mein"], "ameinb", 6, 9);
    assert.equal(live.text, "ameinheldb");
  });

  test("a snapshot that has what was under way brings it once", () => {
    const live = busy();
    live.level("Xamineb", 8, (ref) => ref === 9);
    assert.equal(live.text, "Xamineheldb");
    assert.deepEqual(live.next().fields, { base: 8, ops: [6, "held"] });
  });

  test("a snapshot without it has it sent again, made anew, under the same ref", () => {
    const live = busy();
    live.level("Xab", 8, () => false);
    assert.equal(live.text, "Xamineheldb");
    assert.deepEqual(live.steps[0].sent, { ref: 9, base: 8, ops: [2, "mine"] });
  });

  test("what others deleted first is not sent again", () => {
    const live = new LiveText({ text: "abc", seq: 1 });
    live.type([1, -1]);
    live.sent(2, live.next().fields);
    live.level("ac", 3, () => false);
    assert.equal(live.flight, 0);
    assert.equal(live.text, "ac");
  });

  test("a keep takes everything, also what others typed before it; what is typed behind it stays", () => {
    const live = new LiveText({ text: "ab", seq: 1 });
    assert.deepEqual(live.keep(), [-2]);
    live.type(["next"]);
    assert.deepEqual(live.keeping(), ["ab"]);
    live.sent(3, live.next().fields);
    assert.deepEqual(live.received([2, "c"], "abc", 2, 0), []);
    assert.deepEqual(live.keeping(), ["abc"]);
    live.received([-3], "", 3, 3);
    assert.equal(live.text, "next");
  });

  test("a keep that is refused gives the text back", () => {
    const live = new LiveText({ text: "ab", seq: 1 });
    live.keep();
    live.sent(3, live.next().fields);
    live.type(["next"]);
    assert.deepEqual(live.drop(), ["ab"]);
    assert.equal(live.text, "abnext");
  });

  test("after another device's keep only what was typed since stands on the pad", () => {
    const live = busy();
    live.received([-2], "", 6, 0);
    assert.equal(live.text, "mineheld");
  });

  test("survives a reload", () => {
    const record = JSON.parse(JSON.stringify(busy().record));
    const live = new LiveText(record);
    assert.equal(live.text, "amineheldb");
    assert.equal(live.flight, 9);
  });

  test("typed in more places than one edit may have, it is one splice", () => {
    const live = new LiveText({ text: "x".repeat(10_000), seq: 1 });
    const ops = [];
    for (let n = 0; n < 3_000; n += 1) ops.push(2, "y");
    live.type(ops);
    const { fields } = live.next();
    assert.ok(fields.ops.length <= 3);
    assert.equal(apply(live.known.text, fields.ops), live.text);
  });
});

describe("a splice", () => {
  const after = (before, next, selection, caret) => opsOf(before, spliceBetween(before, next, selection, caret));

  test("is what was selected, also where the new text begins like it", () => {
    assert.deepEqual(after("from the first", "from the second", { start: 0, end: 14 }, 15), ["from the second", -14]);
  });

  test("is where the caret is when letters repeat", () => {
    assert.deepEqual(after("aaa", "aaaa", null, 2), [1, "a"]);
    assert.deepEqual(after("aaa", "aa", null, 1), [1, -1]);
  });

  test("cuts no code point", () => {
    assert.deepEqual(after("\u{1F600}", "\u{1F601}", null, 2), ["\u{1F601}", -1]);
    assert.deepEqual(after("x\u{1F600}y", "x\u{1FA00}y", null, 3), [1, "\u{1FA00}", -1]);
  });

  test("is one of what the textarea shows too, wherever it cuts a line end", () => {
    const text = "a\r\nb\rc\nd";
    for (let start = 0; start <= text.length; start += 1) {
      for (let end = start; end <= text.length; end += 1) {
        const behind = { start: text.length, end: text.length, insert: "\r\n" };
        assert.deepEqual(shownSplices(text, [{ start, end, insert: "x\r\ny" }, behind]), [
          { start: shownOffset(text, start), end: shownOffset(text, end), insert: "x\ny" }, { start: 7, end: 7, insert: "\n" },
        ]);
      }
    }
  });

  test("is found whatever the caret says", () => {
    for (const caret of [0, 1, 2, 3, 4, 5]) {
      const splice = spliceBetween("abcde", "abXde", null, caret);
      assert.equal("abcde".slice(0, splice.start) + splice.insert + "abcde".slice(splice.end), "abXde");
    }
  });

  test("moves offsets; what is inserted at one comes behind it", () => {
    const splices = splicesOf("a\u{1F600}bcd", [1, "XY", 1, -1, 1, "Z"]);
    assert.deepEqual(splices, [{ start: 1, end: 1, insert: "XY" }, { start: 3, end: 4, insert: "" }, { start: 5, end: 5, insert: "Z" }]);
    assert.deepEqual([0, 1, 3, 4, 5, 6].map((at) => moved(at, splices)), [0, 1, 5, 5, 6, 8]);
  });

  test("offsets in a textarea and in a text with CRLF name the same places", () => {
    const text = "a\r\nb\r\rc\n";
    const shown = asShown(text);
    for (let at = 0; at <= shown.length; at += 1) {
      assert.equal(asShown(text.slice(0, textOffset(text, at))), shown.slice(0, at));
      assert.equal(shownOffset(text, textOffset(text, at)), at);
    }
  });
});

test("undo joins a burst of typing, and steps over what others did meanwhile", () => {
  const undo = new Undo();
  undo.did([-1], { at: 0, start: 0, end: 1, isTyping: true });
  undo.did([1, -1], { at: 100, start: 1, end: 2, isTyping: true });
  undo.over(["XY"]);
  assert.deepEqual(undo.undo(), [2, -2]);
  assert.equal(undo.undo(), null);
});
