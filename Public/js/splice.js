// Between what a textarea knows (UTF-16 offsets, every line end LF) and an edit (code points, exact line ends). Pure.

import { countPoints, splits } from "./text.js";

/** Characters that are compared at once by the engine before they are compared one by one. */
const BLOCK = 4_096;

/** @typedef {{start: number, end: number, insert: string}} Splice `start` to `end` of the old text become `insert` */

/**
 * What one `input` event did, cut at code points.
 * @param {string} before @param {string} after
 * @param {{start: number, end: number}|null} selection as it was before the event, if that is known
 * @param {number} caret behind the event
 * @returns {Splice}
 */
export function spliceBetween(before, after, selection, caret) {
  return snapped(before, after, bySelection(before, after, selection) ?? byCaret(before, after, caret));
}

/** The selection was replaced: exactly that, even where the new text begins like the old one. */
function bySelection(before, after, selection) {
  if (selection === null) return null;
  const { start, end } = selection;
  const tail = before.length - end;
  if (tail < 0 || after.length < start + tail) return null;
  if (before.slice(0, start) !== after.slice(0, start)) return null;
  if (before.slice(end) !== after.slice(after.length - tail)) return null;
  return { start, end, insert: after.slice(start, after.length - tail) };
}

/** The caret stands behind what was typed: of several places where a letter can have been added, it tells which. */
function byCaret(before, after, caret) {
  let tail = after.length - caret;
  if (tail > before.length || before.slice(before.length - tail) !== after.slice(caret)) tail = commonTail(before, after);
  const start = commonStart(before, after, Math.min(before.length, after.length) - tail);
  return { start, end: before.length - tail, insert: after.slice(start, after.length - tail) };
}

function commonStart(before, after, most) {
  let at = 0;
  while (at + BLOCK <= most && before.slice(at, at + BLOCK) === after.slice(at, at + BLOCK)) at += BLOCK;
  while (at < most && before.charCodeAt(at) === after.charCodeAt(at)) at += 1;
  return at;
}

function commonTail(before, after) {
  const most = Math.min(before.length, after.length);
  let tail = 0;
  const part = (text) => text.slice(text.length - tail - BLOCK, text.length - tail);
  while (tail + BLOCK <= most && part(before) === part(after)) tail += BLOCK;
  while (tail < most && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail += 1;
  return tail;
}

function snapped(before, after, { start, end, insert }) {
  const afterEnd = start + insert.length;
  const from = splits(before, start) || splits(after, start) ? start - 1 : start;
  const isCut = splits(before, end) || splits(after, afterEnd);
  const to = isCut ? end + 1 : end;
  return { start: from, end: to, insert: after.slice(from, isCut ? afterEnd + 1 : afterEnd) };
}

/** A splice as an edit of `text`. @returns {import("./text.js").Ops} */
export function opsOf(text, { start, end, insert }) {
  const keep = countPoints(text.slice(0, start));
  const drop = countPoints(text.slice(start, end));
  return [...(keep ? [keep] : []), ...(insert ? [insert] : []), ...(drop ? [-drop] : [])];
}

/** An edit of `text` as splices, ascending, all in offsets of the old text. @returns {Splice[]} */
export function splicesOf(text, ops) {
  const splices = [];
  let at = 0;
  let open = null;
  for (const op of ops) {
    if (typeof op === "string") {
      open ??= { start: at, end: at, insert: "" };
      open.insert += op;
      continue;
    }
    const end = walked(text, at, Math.abs(op));
    if (op < 0) {
      open ??= { start: at, end: at, insert: "" };
      open.end = end;
    } else if (open) {
      splices.push(open);
      open = null;
    }
    at = end;
  }
  if (open) splices.push(open);
  return splices;
}

function walked(text, start, points) {
  let at = start;
  for (let left = points; left > 0 && at < text.length; left -= 1) at += splits(text, at + 1) ? 2 : 1;
  return at;
}

/** Where an offset goes when the splices happen. What is inserted exactly there comes behind it. */
export function moved(offset, splices) {
  let shift = 0;
  for (const { start, end, insert } of splices) {
    if (start >= offset) break;
    if (end > offset) return start + shift;
    shift += insert.length - (end - start);
  }
  return offset + shift;
}

/** What a textarea makes of a text: it knows one line end. */
export function asShown(text) {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** The offset in a text that an offset in its textarea means. */
export function textOffset(text, shown) {
  let at = text.indexOf("\r");
  if (at === -1 || shown <= at) return shown;
  for (let left = shown - at; left > 0; left -= 1) at += text.startsWith("\r\n", at) ? 2 : 1;
  return at;
}

/** Splices of a text, as splices of what its textarea shows. @returns {Splice[]} */
export function shownSplices(text, splices) {
  let [at, shown] = [0, 0];
  const place = (offset) => {
    const to = offset > 0 && text.startsWith("\r\n", offset - 1) ? offset - 1 : offset; // within a line end: before it
    if (to > at) {
      shown += asShown(text.slice(at, to)).length;
      at = to;
    }
    return shown;
  };
  return splices.map(({ start, end, insert }) => ({ start: place(start), end: place(end), insert: asShown(insert) }));
}

/** The offset in its textarea that an offset in a text has. */
export function shownOffset(text, offset) {
  return asShown(text.slice(0, offset)).length - (text.startsWith("\r\n", offset - 1) && offset > 0 ? 1 : 0);
}
