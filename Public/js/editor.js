// One live text: what the server is known to have, and behind it what this device did to it. Pure.
//
//   known --steps[0]--> ... --steps[n]--> text, which the person sees
//
// A step is an edit, or a keep, which takes the whole pad away. Only the first is ever on the wire, and it stays
// there unaltered until it is decided; what is typed meanwhile joins the last step. What other devices do passes
// through the steps: each is transformed over it and it over each, and what comes out is applied to what is shown.

import { apply, compose, countPoints, diff, inverse, MAXIMUM_OPS, transform } from "./text.js";

/** @typedef {import("./text.js").Ops} Ops */
/** @typedef {{kind: "edit", ops: Ops, sent?: {ref: number, base: number, ops: Ops}}} EditStep */
/** @typedef {{kind: "keep", base: number, sent?: {ref: number}}} KeepStep */

export class LiveText {
  /** @param {{text?: string, seq?: number, steps?: (EditStep|KeepStep)[]}} start the known text, and what is not decided */
  constructor({ text = "", seq = 0, steps = [] } = {}) {
    this.known = { text, seq };
    this.steps = steps;
    this.taken = 0; // the ref under way, once it is told that it took effect and not yet what it did
    this.text = steps.reduce(after, text);
  }

  /** What has to be stored for another life of this page; null when everything is decided. */
  get record() {
    return this.steps.length === 0 ? null : { ...this.known, steps: this.steps };
  }

  /** The ref that is on the wire, or 0. */
  get flight() {
    return this.steps[0]?.sent?.ref ?? 0;
  }

  /** The person changed what is shown. */
  type(ops) {
    const text = apply(this.text, ops);
    if (text === null || ops.length === 0) return;
    this.text = text;
    const last = this.steps.at(-1);
    if (last?.kind !== "edit" || last.sent) this.steps.push({ kind: "edit", ops });
    else last.ops = compose(last.ops, ops);
    this.#tidy();
  }

  /** The person keeps what is shown; returns how the shown text changes. */
  keep() {
    if (this.text === "") return [];
    const ops = [-countPoints(this.text)];
    this.steps.push({ kind: "keep", base: this.known.seq });
    this.text = "";
    return ops;
  }

  /** What is to be sent next, as `{verb, fields}`; null when nothing is, or something is under way. */
  next() {
    const step = this.steps[0];
    if (step === undefined || step.sent) return null;
    return { verb: step.kind, fields: step.kind === "keep" ? { base: step.base } : this.#wire(step) };
  }

  /** The text that the server will have when the first step is done. */
  get coming() {
    return this.steps.length === 0 ? this.known.text : after(this.known.text, this.steps[0]);
  }

  /** What `next` told was put under a ref. */
  sent(ref, fields) {
    this.steps[0].sent = { ref, ...fields };
  }

  /**
   * An event of the log changed the known text to `text` by `ops`. `ref` is this device's own, else 0.
   * @returns {Ops} how the shown text changes
   */
  received(ops, text, seq, ref) {
    let change = ops;
    if (ref !== 0 && ref === this.flight) {
      const own = this.steps.shift();
      // Mostly it is what was asked for. If it is not, what it is counts.
      change = isSame(own.ops, ops) ? [] : diff(after(this.known.text, own), text);
      if (own.kind === "keep") this.#keptAt(seq);
    }
    this.known = { text, seq };
    return this.#pass(change);
  }

  /**
   * A snapshot of the same history, which already has what `isTaken` says of a ref. The difference counts as one
   * change of another device's. @returns {Ops} how the shown text changes
   */
  level(text, seq, isTaken) {
    let { text: before } = this.known;
    if (this.flight !== 0 && isTaken(this.flight)) {
      const own = this.steps.shift();
      before = after(before, own);
      if (own.kind === "keep") this.#keptAt(seq);
    }
    this.known = { text, seq };
    const change = this.#pass(before === text ? [] : diff(before, text));
    const step = this.steps[0];
    if (step?.sent && step.kind === "edit") {
      if (step.ops.length === 0) this.steps.shift(); // others did the same
      else step.sent = { ...step.sent, ...this.#wire(step) };
    }
    return change;
  }

  /**
   * The first step will not happen, or has happened already, at `seq`, by what the known text has or is about to
   * get; returns how the shown text changes.
   */
  drop(seq = this.known.seq) {
    const step = this.steps.shift();
    if (step === undefined) return [];
    if (step.kind === "keep") this.#keptAt(seq);
    const { text } = this.known;
    const change = step.kind === "edit" ? inverse(text, step.ops) : text === "" ? [] : [text];
    return this.#pass(change);
  }

  /** The first step was refused, but the person has it still: it waits with what was typed since. */
  holdBack() {
    const [step, following] = this.steps;
    if (step === undefined) return;
    delete step.sent;
    if (step.kind !== "edit" || following?.kind !== "edit") return;
    step.ops = compose(step.ops, following.ops);
    this.steps.splice(1, 1);
    this.#tidy();
  }

  /** The log no longer reaches back to where the person asked for the keep: they see what is known now. */
  keepAgain() {
    this.steps[0] = { kind: "keep", base: this.known.seq };
  }

  /** Another text, nothing undecided; returns how the shown text changes. */
  reset(text, seq) {
    const change = diff(this.text, text);
    Object.assign(this, { known: { text, seq }, steps: [], text });
    return change;
  }

  /** Texts that were asked to be kept and are not yet, oldest first. */
  keeping() {
    const texts = [];
    let { text } = this.known;
    for (const step of this.steps) {
      if (step.kind === "keep" && text !== "") texts.push(text);
      text = after(text, step);
    }
    return texts;
  }

  /** Who presses keep after a keep means what came after it. */
  #keptAt(seq) {
    for (const step of this.steps) if (step.kind === "keep") step.base = Math.max(step.base, seq);
  }

  #wire(step) {
    const { text, seq } = this.known;
    // Typed in too many places for one edit: one splice from the first to the last of them.
    if (step.ops.length > MAXIMUM_OPS) step.ops = diff(text, apply(text, step.ops));
    return { base: seq, ops: step.ops };
  }

  #pass(ops) {
    let change = ops;
    for (const step of this.steps) {
      if (change.length === 0) break;
      if (step.kind === "keep") {
        change = []; // it will be taken away with the rest
      } else {
        const passed = transform(change, step.ops, true);
        step.ops = transform(step.ops, change);
        change = passed;
      }
    }
    if (change.length > 0) this.text = apply(this.text, change);
    this.#tidy();
    return change;
  }

  /** An edit of nothing is none, unless it is on the wire. */
  #tidy() {
    this.steps = this.steps.filter((step) => step.sent || step.kind === "keep" || step.ops.length > 0);
  }
}

/** The text behind a step. */
function after(text, step) {
  return step.kind === "keep" ? "" : apply(text, step.ops);
}

function isSame(ops, others) {
  return ops !== undefined && ops.length === others.length && ops.every((op, at) => op === others[at]);
}
