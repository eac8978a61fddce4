// What this device asks for: what the person does becomes requests in the outbox and steps of the live texts, these
// go on the wire, and answers decide them. Pure; effects go into the list that the session hands out.
//
// Exactly once: a request stays in the outbox under its ref until its own event, an `ack` or `acked` names it.

import { Desk } from "./desk.js";
import { BACKOFF_LONGEST } from "./link.js";
import { Outbox } from "./outbox.js";
import { tooLarge } from "./wording.js";

/** The first wait after a "later" that names none; it doubles up to BACKOFF_LONGEST. */
export const LATER = 1_000;
/** A wait that the person is told of, since nothing else on the page explains it. */
const LONG = 5_000;

export class Requests {
  /**
   * @param {object} stored the outbox of an earlier life of this page
   * @param {[target: "pad"|number, record: object][]} texts its live texts
   * @param {boolean} isProvable whether there is a cursor that can show what history they belong to
   * @param {object[]} effects where effects are put
   */
  constructor(stored, texts, isProvable, effects) {
    this.effects = effects;
    this.outbox = new Outbox(stored);
    this.desk = new Desk(this.outbox, texts, isProvable);
    this.create = null; // the new paste that was asked for
    this.isHeld = false; // the server asked to wait: nothing goes before the timer
    this.isPacing = false; // the next edit of a long text waits for its timer
    this.refusals = 0; // in a row, without a request that took effect between
  }

  // What the person does

  /** Takes what the person does to the open paste. */
  act(event, paste) {
    switch (event.verb) {
      case "type":
      case "keep":
      case "open":
      case "close": return this.desk.act(event, paste);
      case "append": return this.#request(paste, "append", { text: event.text });
      case "remove": return this.#request(paste, "remove", { item: event.item });
      case "clear": return this.#request(paste, "clear", { through: event.through });
      case "extend": return this.#request(paste, "extend", { expiresIn: event.expiresIn });
      case "delete": return this.#request(paste, "delete", {});
      case "again": {
        const entry = this.#returned(event.ref);
        if (!entry || !paste.may(entry.verb)) return;
        this.outbox.remove(event.ref);
        return this.#request(paste, entry.verb, entry.fields);
      }
      case "discard":
        // One that may be on the wire, or may have been before a reload, can't be taken back.
        if (this.#returned(event.ref)) this.outbox.remove(event.ref);
    }
  }

  /** Asks for a new paste. */
  ask({ expiresIn }) {
    this.create = { ref: this.outbox.next, ...(expiresIn ? { expiresIn } : {}) };
    this.outbox.next += 1;
    this.#do({ type: "store", refs: [] });
  }

  // Onto the wire

  sendCreate() {
    if (this.create) this.#send({ type: "create", ...this.create });
  }

  /** Sends what can go; `isContinuous`: the texts in memory are those that edits are made on. */
  flush(isContinuous, limitBytes) {
    if (this.isHeld) return;
    if (!this.isPacing && isContinuous) {
      const wait = this.desk.start(limitBytes);
      if (wait > 0) {
        this.isPacing = true;
        this.#do({ type: "timer", name: "pace", after: wait });
      }
    }
    for (let entry = this.outbox.nextToSend(); entry; entry = this.outbox.nextToSend()) {
      this.#send({ type: entry.verb, ref: entry.ref, ...entry.fields });
      this.outbox.mark(entry.ref, { state: "sent" });
    }
  }

  /** One of its timers: what waited for it goes with the next `flush`. */
  timer(name) {
    if (name === "later") this.isHeld = false;
    if (name === "pace") this.isPacing = false;
  }

  /** The connection is gone, and with it what its server asked for. */
  interrupted() {
    this.outbox.interrupted();
    this.isHeld = false;
    this.isPacing = false;
    for (const name of ["later", "pace"]) this.#do({ type: "cancel", name });
  }

  // What becomes of it

  /** A request took effect. */
  done(ref) {
    const entry = this.outbox.get(ref);
    if (entry?.state === "aside") return;
    this.refusals = 0;
    this.outbox.remove(ref);
  }

  /**
   * Told by `ack` or `acked` that a request took effect at `seq`. `isKnown`: the texts of this page have that; a step
   * of a live text is done only when they do.
   */
  acked({ ref, seq }, isKnown) {
    const entry = this.outbox.get(ref);
    if (entry?.live === undefined) return this.done(ref);
    this.refusals = 0;
    this.desk.acked(entry, seq, isKnown);
  }

  /** How long to wait before what was refused is tried again: longer each time in a row. */
  waitAfter({ retry, retryAfter }, random) {
    const wait = retryAfter ?? Math.min(BACKOFF_LONGEST, LATER * 2 ** Math.min(this.refusals, 16)) * (0.5 + random / 2);
    if (retry !== "never") this.refusals += 1;
    return wait;
  }

  /** A request was refused; returns whether the whole state is needed to go on. */
  refused(error, wait) {
    if (error.ref === this.create?.ref) {
      this.#createRefused(error, wait);
      return false;
    }
    const entry = this.outbox.get(error.ref);
    if (!entry) return false;
    const isFinal = error.retry === "never";
    if (entry.live !== undefined && (isFinal || error.code === "staleBase")) return this.desk.refused(entry, error);
    if (entry.verb === "remove" && error.code === "noSuchItem") {
      this.done(entry.ref); // somebody was faster: it is gone, as was asked
    } else if (isFinal || (wait > BACKOFF_LONGEST && entry.fields.text !== undefined)) {
      // A text that fits in an hour must not hold up everything behind it until then: the person decides.
      this.#giveBack(entry, "refused", error.code, error.message);
    } else {
      this.outbox.mark(entry.ref, { state: "waiting" });
      this.isHeld = true;
      this.#later(wait, error);
    }
    return false;
  }

  /** A message beyond the wire limit closed the connection; sending it again would close it again. */
  refuseLargest() {
    let largest = null;
    for (const entry of this.outbox.unanswered()) {
      const length = entry.fields.text?.length ?? 0;
      if (length > (largest?.fields.text.length ?? 0)) largest = entry;
    }
    if (largest) this.#giveBack(largest, "refused", "textTooLarge", tooLarge());
  }

  /** Nothing that is not decided will be: all texts but the live ones go back to the person. */
  returnAll(code, message) {
    for (const entry of this.outbox.unanswered()) {
      if (entry.live === undefined) this.#giveBack(entry, "aside", code, message);
    }
  }

  /** Of a long wait the person is told why. */
  explain(wait, { message }) {
    if (wait >= LONG && message) this.#do({ type: "notice", kind: "error", message });
  }

  #createRefused(error, wait) {
    if (error.retry === "never") {
      this.create = null;
      this.#do({ type: "notice", kind: "notCreated", message: error.message });
    } else {
      this.#later(wait, error);
    }
  }

  #later(wait, error) {
    this.#do({ type: "timer", name: "later", after: wait });
    this.explain(wait, error);
  }

  /** Texts go back to the person; a request without one is only told. */
  #giveBack(entry, state, code, message) {
    if (entry.fields.text === undefined) {
      this.outbox.remove(entry.ref);
      if (state === "refused") this.#do({ type: "notice", kind: "error", message });
    } else {
      this.outbox.mark(entry.ref, { state, code, message });
      this.#do({ type: "notice", kind: "returned", message });
    }
  }

  #returned(ref) {
    const entry = this.outbox.get(ref);
    return entry?.state === "refused" || entry?.state === "aside" ? entry : undefined;
  }

  #request(paste, verb, fields) {
    if (!paste.may(verb)) return;
    const isRepeat = (entry) => entry.verb === verb && verb === "remove" && entry.fields.item === fields.item;
    if (!this.outbox.unanswered().some(isRepeat)) this.outbox.add(verb, fields);
  }

  #send(message) {
    this.#do({ type: "send", message });
  }

  #do(effect) {
    this.effects.push(effect);
  }
}
