// Edits of a text, as in ot.js: a list of n (keep n), -n (delete n), "text" (insert), counted in code points.
// The server has the same in TextEdit; Protocol/vectors/edits.json is replayed by both. Pure: no DOM.

/** @typedef {(number|string)[]} Ops */

/** Code points of a string. @param {string} text @returns {number} */
export function countPoints(text) {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) if (isPair(text, i)) { count--; i++; }
  return count;
}

/** Whether no half of a surrogate pair stands alone: such a text has no UTF-8. @param {string} text */
export const isWellFormed = (text) =>
  typeof text.isWellFormed === 'function' ? text.isWellFormed() : !/\p{Surrogate}/u.test(text);

/** Whether it is a seq, a ref or another number that counts. */
export const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

const isPair = (text, i) => (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;

/** The UTF-16 offset `count` code points behind `start`; -1 when the text ends before. */
function advance(text, start, count) {
  let offset = start;
  for (; count > 0 && offset < text.length; count--) offset += isPair(text, offset) ? 2 : 1;
  return count === 0 ? offset : -1;
}

/** Operations in one edit, as TextEdit.maximumOps on the server. */
export const MAXIMUM_OPS = 4_096;
const MAXIMUM_POINTS = 2 ** 32;

/** Collects steps into the normal form: joined neighbours, inserts before deletes, no trailing keep. */
function builder() {
  const list = [];
  let keep = 0, insert = '', drop = 0;
  const flush = () => {
    if (insert) list.push(insert);
    if (drop) list.push(-drop);
    insert = ''; drop = 0;
  };
  const flushKeep = () => { if (keep) list.push(keep); keep = 0; };
  return {
    retain(n) { if (n === 0) return; flush(); keep += n; },
    delete(n) { if (n === 0) return; flushKeep(); drop += n; },
    insert(text) { if (text === '') return; flushKeep(); insert += text; },
    ops() { flush(); return list; },
  };
}

/** The normal form; null when it is no edit. @param {unknown} ops @returns {Ops|null} */
export function normalise(ops) {
  if (!Array.isArray(ops) || ops.length === 0 || ops.length > MAXIMUM_OPS) return null;
  const made = builder();
  let walked = 0;
  for (const op of ops) {
    if (typeof op === 'string') {
      if (op === '' || !isWellFormed(op)) return null;
      made.insert(op);
    } else {
      if (!Number.isSafeInteger(op) || op === 0) return null;
      walked += Math.abs(op);
      if (walked > MAXIMUM_POINTS) return null;
      if (op > 0) made.retain(op); else made.delete(-op);
    }
  }
  return made.ops();
}

/** The text after the edit; null when a step leaves the text. @param {string} text @param {Ops} ops */
export function apply(text, ops) {
  const parts = [];
  let offset = 0;
  for (const op of ops) {
    if (typeof op === 'string') { parts.push(op); continue; }
    const end = advance(text, offset, Math.abs(op));
    if (end < 0) return null;
    if (op > 0) parts.push(text.slice(offset, end));
    offset = end;
  }
  parts.push(text.slice(offset));
  return parts.join('');
}

/** The edit that takes apply(text, ops) back to text; null when a step leaves the text. */
export function inverse(text, ops) {
  const made = builder();
  let offset = 0;
  for (const op of ops) {
    if (typeof op === 'string') { made.delete(countPoints(op)); continue; }
    const end = advance(text, offset, Math.abs(op));
    if (end < 0) return null;
    if (op > 0) made.retain(op); else made.insert(text.slice(offset, end));
    offset = end;
  }
  return made.ops();
}

/**
 * `ops` as they must be to apply after `other`; both in normal form and made on the same text. Of two inserts at
 * one place the one committed first stands first: pass `goesFirst` for a committed event over one's own edit.
 * @param {Ops} ops @param {Ops} other @param {boolean} [goesFirst] @returns {Ops}
 */
export function transform(ops, other, goesFirst = false) {
  const made = builder();
  let i = 0, j = 0, mine = ops[0], theirs = other[0];
  const takeMine = (n) => { mine = Math.abs(mine) > n ? mine - Math.sign(mine) * n : ops[++i]; };
  while (mine !== undefined) {
    if (typeof theirs === 'string' && !(goesFirst && typeof mine === 'string')) {
      made.retain(countPoints(theirs));
      theirs = other[++j];
    } else if (typeof mine === 'string') {
      made.insert(mine);
      mine = ops[++i];
    } else {
      const kept = theirs === undefined || theirs > 0;
      const n = theirs === undefined ? Math.abs(mine) : Math.min(Math.abs(mine), Math.abs(theirs));
      if (theirs !== undefined) theirs = Math.abs(theirs) > n ? theirs - Math.sign(theirs) * n : other[++j];
      if (kept && mine > 0) made.retain(n);
      if (kept && mine < 0) made.delete(n);
      takeMine(n);
    }
  }
  return made.ops();
}

/**
 * One edit that does what `first` and then `second` do. The protocol needs none; it keeps what is typed while an
 * edit is under way as precise as it was typed. @param {Ops} first @param {Ops} second @returns {Ops}
 */
export function compose(first, second) {
  const made = builder();
  let i = 0, j = 0, before = first[0], after = second[0];
  while (before !== undefined || after !== undefined) {
    if (typeof before === 'number' && before < 0) {
      made.delete(-before);
      before = first[++i];
    } else if (typeof after === 'string') {
      made.insert(after);
      after = second[++j];
    } else if (after === undefined) {
      if (typeof before === 'string') made.insert(before); else made.retain(before);
      before = first[++i];
    } else if (before === undefined) {
      if (after > 0) made.retain(after); else made.delete(-after);
      after = second[++j];
    } else {
      const size = typeof before === 'string' ? countPoints(before) : before;
      const n = Math.min(size, Math.abs(after));
      const cut = typeof before === 'string' ? advance(before, 0, n) : 0;
      if (typeof before !== 'string') { if (after > 0) made.retain(n); else made.delete(n); }
      else if (after > 0) made.insert(before.slice(0, cut));
      if (n === size) before = first[++i];
      else before = typeof before === 'string' ? before.slice(cut) : before - n;
      after = Math.abs(after) === n ? second[++j] : after - Math.sign(after) * n;
    }
  }
  return made.ops();
}

/** One splice that makes `after` of `before`, cut at code points; [] when they are equal. @returns {Ops} */
export function diff(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  if (start > 0 && (isPair(before, start - 1) || isPair(after, start - 1))) start--;
  let tail = 0;
  while (tail < shorter - start
    && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail++;
  if (tail > 0 && (splits(before, before.length - tail) || splits(after, after.length - tail))) tail--;
  const made = builder();
  made.retain(countPoints(before.slice(0, start)));
  made.insert(after.slice(start, after.length - tail));
  made.delete(countPoints(before.slice(start, before.length - tail)));
  return made.ops();
}

export const splits = (text, at) => at > 0 && isPair(text, at - 1);
