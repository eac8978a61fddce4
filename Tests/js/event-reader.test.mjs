import assert from "node:assert/strict";
import { test } from "node:test";
import { EventReader } from "../../Public/js/event-reader.js";

const STREAMS = [
  ["data: a\n\ndata: b\n\n", ["a", "b"]],
  ["retry: 1000\n\n:\n\nid: 1\ndata: x\n\n", ["x"]],
  ["data: a\r\ndata: b\r\n\r\ndata:c\r\n\r\n", ["a\nb", "c"]],
  ["data: a\rdata: b\r\rdata: c\r\r:\r", ["a\nb", "c"]],
  ["data:  two spaces\n\n", [" two spaces"]],
  ["data\n\ndata:\n\n", [""]],
  ["datum: no\nevent: x\n\ndata: 🧵\u2028\u0085\n\n", ["🧵\u2028\u0085"]],
  ["data: never finished\n", []],
  ["data: never finished", []],
];

test("events come out the same wherever the text is cut, once and twice", () => {
  for (const [text, expected] of STREAMS) {
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const reader = new EventReader();
        const parts = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        const events = parts.flatMap((part) => reader.take(part));
        // A CR that ends the text may be half of a line end: it is decided by what follows.
        if (text.endsWith("\r")) events.push(...reader.take("\n"));
        assert.deepEqual(events, expected, `${JSON.stringify(text)} cut at ${first} and ${second}`);
      }
    }
  }
});

test("a text of six megabytes in small parts is read in seconds", () => {
  const reader = new EventReader();
  const part = "x".repeat(65_536);
  const began = performance.now();
  reader.take("data: ");
  for (let count = 0; count < 96; count += 1) assert.deepEqual(reader.take(part), []);
  const [event] = reader.take("\n\n");
  assert.equal(event.length, 96 * 65_536);
  assert.ok(performance.now() - began < 5_000);
});
