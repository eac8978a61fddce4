// Undo and redo of one's own typing. Each entry is an edit that takes one step back; what other devices do
// meanwhile moves the entries along, so that taking a step back never touches their text. Pure.

import { compose, transform } from "./text.js";

/** Steps that are remembered. */
const DEPTH = 200;
/** Keys that follow each other sooner than this, in milliseconds, are one step. */
const BURST = 700;

export class Undo {
  constructor() {
    this.back = []; // the last one is the next step; each one holds after those behind it were taken
    this.forth = [];
    this.last = { at: -Infinity, place: -1 };
  }

  /**
   * The person changed the text.
   * @param {import("./text.js").Ops} inverse the edit that takes it back
   * @param {{at: number, start: number, end: number, isTyping: boolean}} how when, where it began, where the caret is
   *   now, and whether it was one more letter
   */
  did(inverse, { at, start, end, isTyping }) {
    const { last } = this;
    const follows = isTyping && last.isTyping && at - last.at < BURST && (start === last.place || end === last.start);
    if (follows && this.back.length > 0) this.back.push(compose(inverse, this.back.pop()));
    else this.back.push(inverse);
    if (this.back.length > DEPTH) this.back.shift();
    this.forth = [];
    this.last = { at, start, place: end, isTyping };
  }

  /** Another device changed the text. */
  over(ops) {
    this.back = along(this.back, ops);
    this.forth = along(this.forth, ops);
    this.last = { at: -Infinity, place: -1 };
  }

  /** The next step back, or null. The caller applies it, and hands its inverse to `undone`. */
  undo() {
    return taken(this.back);
  }

  redo() {
    return taken(this.forth);
  }

  undone(inverse) {
    this.forth.push(inverse);
    this.last = { at: -Infinity, place: -1 };
  }

  redone(inverse) {
    this.back.push(inverse);
    this.last = { at: -Infinity, place: -1 };
  }
}

/** Steps whose text is gone are nothing any more. */
function taken(stack) {
  while (stack.length > 0) {
    const ops = stack.pop();
    if (ops.length > 0) return ops;
  }
  return null;
}

function along(stack, ops) {
  const next = [];
  let change = ops;
  for (let at = stack.length - 1; at >= 0; at -= 1) {
    const step = stack[at];
    next.push(transform(step, change));
    change = transform(change, step, true);
  }
  return next.reverse();
}
