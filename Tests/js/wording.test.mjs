import assert from "node:assert/strict";
import { test } from "node:test";
import { problemWith, wellFormed } from "../../Public/js/texts.js";
import { countBytes, countLines, size, timeLeft } from "../../Public/js/wording.js";

test("lines are counted as an editor does, whatever ends them", () => {
  for (const [text, lines] of [["", 0], ["a", 1], ["a\n", 1], ["a\nb", 2], ["a\r\nb\r\n", 2], ["\r\n\r\n", 2], ["a\rb", 2], ["\n", 1]]) {
    assert.equal(countLines(text), lines, JSON.stringify(text));
  }
});

test("bytes are those of UTF-8", () => {
  for (const text of ["", "abc", "é", "e\u0301", "€", "🥚", "a🥚b", "\ud800", "\udc00x", "\ud800\ud800\udc00", "\u07ff\u0800\uffff"]) {
    assert.equal(countBytes(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});

test("half a character becomes U+FFFD, whole ones stay", () => {
  assert.equal(wellFormed("a\ud800b\udc00c🥚\ud83e"), "a\ufffdb\ufffdc🥚\ufffd");
});

test("a limit holds to the byte", () => {
  assert.equal(problemWith("é".repeat(5), 10), null);
  assert.match(problemWith("é".repeat(5) + "x", 10), /11 bytes.*10 bytes/);
  assert.match(problemWith("", 10), /nothing/);
});

test("sizes and times are short and stable", () => {
  assert.deepEqual([size(1), size(812), size(4300), size(1 << 20), size(16 << 20)], ["1 byte", "812 bytes", "4.2 KiB", "1 MiB", "16 MiB"]);
  assert.deepEqual([-5, 999, 59_000, 3_599_000, 3_600_000, 86_400_000, 30 * 86_400_000].map(timeLeft),
    ["0:00", "0:01", "0:59", "59:59", "1 h 00 min", "24 h 00 min", "30 days 0 h"]);
});
