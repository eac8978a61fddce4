// The live texts of a session: the pad, and the items that are being edited or were left with something unsent.
// It puts their steps into the outbox and tells the page what changed. Pure.

import { LiveText } from "./editor.js";
import { countPoints } from "./text.js";
import { countBytes, tooLarge } from "./wording.js";

/** Each edit stores its text first, for a reload; so many characters of it cost a millisecond of waiting. */
const STORED_PER_MILLISECOND = 4_096;
/** Waits shorter than this, in milliseconds, are none. */
const SHORTEST_PACE = 8;

export class Desk {
  /**
   * @param {import("./outbox.js").Outbox} outbox
   * @param {[target: "pad"|number, record: object][]} records of an earlier life of this page
   * @param {boolean} isProvable whether there is a cursor that can show that the records belong to this history
   */
  constructor(outbox, records, isProvable) {
    this.outbox = outbox;
    this.texts = new Map([["pad", new LiveText()]]);
    this.opened = new Set(["pad"]);
    this.effects = [];
    for (const [target, record] of records) {
      const live = new LiveText(record);
      live.isForeign = !isProvable && record.seq > 0;
      this.texts.set(target, live);
      const step = live.steps[0];
      if (step?.sent) outbox.restore({ ...this.#request(step.kind, target, step.sent), live: target });
    }
  }

  get pad() {
    return this.texts.get("pad");
  }

  /** How many changes wait for an answer. */
  get unsent() {
    let count = 0;
    for (const { steps } of this.texts.values()) count += steps.length;
    return count;
  }

  takeEffects() {
    return this.effects.splice(0);
  }

  // What the person does

  act({ verb, target = "pad", ops }, paste) {
    const live = this.texts.get(target);
    switch (verb) {
      case "type":
        // It is in the box already: where it is not permitted, the server's refusal gives it back.
        if (!live || !paste.writable) return;
        live.problem = null;
        live.isTyped = true;
        live.type(ops);
        return this.#stored(target);
      case "keep":
        if (!paste.may("keep")) return;
        this.#changed("pad", live.keep());
        return this.#stored("pad");
      case "open": {
        const item = paste.items.get(target);
        if (!item || !paste.may("edit")) return;
        this.opened.add(target);
        if (!live) this.texts.set(target, new LiveText({ text: item.text, seq: item.textSeq }));
        return;
      }
      case "close":
        this.opened.delete(target);
        if (live) live.isTyped = false;
        return this.#forget(target);
    }
  }

  /** Puts what can go next into the outbox; returns for how many milliseconds no more should follow. */
  start(limitBytes) {
    let wait = 0;
    for (const [target, live] of this.texts) {
      const next = live.problem ? null : live.next();
      if (next === null) continue;
      const { coming, known } = live;
      if (coming.length * 3 > limitBytes && coming.length > known.text.length && countBytes(coming) > limitBytes) {
        live.problem = tooLarge(limitBytes);
        continue;
      }
      const { verb, fields } = this.#request(next.verb, target, next.fields);
      const { ref } = this.outbox.add(verb, fields, target);
      live.sent(ref, next.fields);
      this.#stored(target);
      const pace = Math.ceil(coming.length / STORED_PER_MILLISECOND);
      if (pace >= SHORTEST_PACE) wait = Math.max(wait, pace);
    }
    return wait;
  }

  // What the server says

  /** An event of the log that `paste` has taken already. */
  event(event, isOwn, paste) {
    const ref = isOwn ? event.ref ?? 0 : 0;
    if (event.type === "edit") {
      const live = this.texts.get(event.target);
      if (!live) return;
      const { text, seq } = textOf(paste, event.target);
      this.#took(event.target, () => live.received(event.ops, text, seq, ref));
    } else if (event.type === "keep") {
      const size = countPoints(this.pad.known.text);
      this.#took("pad", () => this.pad.received(size > 0 ? [-size] : [], "", event.seq, ref));
    } else if (event.type === "remove" || event.type === "clear") {
      this.#loseMissing(paste);
    }
  }

  /** A whole state: `taken` are the refs whose effect is in it. */
  level(paste, taken, isSame) {
    this.#loseMissing(paste);
    for (const [target, live] of this.texts) {
      const { text, seq } = textOf(paste, target);
      if (!isSame || live.isForeign) {
        this.#setAside(target, "otherHistory", "Written for an earlier paste with this key.", { text, seq });
        continue;
      }
      const ref = live.flight;
      const isTaken = (each) => taken.has(each) || live.taken === each;
      this.#took(target, () => live.level(text, seq, isTaken));
      if (ref !== 0 && live.flight === ref && live.steps[0].kind === "edit") {
        const { base, ops } = live.steps[0].sent;
        this.outbox.mark(ref, { fields: { target, base, ops } });
      }
    }
  }

  /** The step that is under way took effect, as an `ack` says. `isKnown`: the known text has it. */
  acked(entry, seq, isKnown) {
    const live = this.texts.get(entry.live);
    // A keep that another device's keep came before, or a change that is no other's after all.
    if (entry.verb === "keep" || isKnown) this.#took(entry.live, () => live.drop(seq));
    else live.taken = entry.ref; // its event, or a snapshot, brings it
  }

  /** A step was refused; returns whether a snapshot is needed to go on. */
  refused(entry, { code, message }) {
    const target = entry.live;
    const live = this.texts.get(target);
    if (live?.flight !== entry.ref) {
      this.outbox.remove(entry.ref);
      return false;
    }
    if (entry.verb === "keep") return this.#keepRefused(live, code, message);
    switch (code) {
      case "staleBase":
        this.outbox.mark(entry.ref, { state: "waiting" });
        return true;
      case "noSuchItem":
        this.#lose(target);
        return false;
      case "textTooLarge":
      case "pasteFull":
        live.problem = message;
        this.#took(target, () => (live.holdBack(), []));
        return false;
      case "badEdit":
        if (!live.wasRefused) {
          live.wasRefused = true;
          this.#took(target, () => (live.holdBack(), []));
          return true;
        }
    }
    this.#setAside(target, code, message, live.known);
    return code === "badEdit";
  }

  /** The paste is over: what was not sent is offered, and what is shown stays. */
  end() {
    this.asideAll("pasteOver", "Not sent before this paste ended.", true);
  }

  /** Offers everything that is not decided. */
  asideAll(code, message, isShownStill = false) {
    for (const [target, live] of this.texts) {
      const text = isShownStill ? live.text : "";
      if (live.steps.length > 0) this.#setAside(target, code, message, { text, seq: 0 });
    }
  }

  // How

  #request(verb, target, { ref, base, ops }) {
    return { ref, verb, fields: verb === "keep" ? { base } : { target, base, ops } };
  }

  /** Lets something change a text, and tells the page and the storage. */
  #took(target, change) {
    const live = this.texts.get(target);
    const before = { ref: live.flight, count: live.steps.length };
    this.#changed(target, change());
    if (live.flight !== before.ref) {
      this.outbox.remove(before.ref);
      live.wasRefused = live.wasRefused && live.steps.length > 0;
    }
    if (before.count > 0) this.#stored(target);
    this.#forget(target);
  }

  #keepRefused(live, code, message) {
    if (code === "staleBase") {
      this.#took("pad", () => (live.keepAgain(), []));
      return false;
    }
    this.#took("pad", () => live.drop());
    if (code !== "emptyText") this.effects.push({ type: "notice", kind: "error", message });
    return code === "badEdit";
  }

  #setAside(target, code, message, now) {
    const live = this.texts.get(target);
    const isUndecided = live.steps.length > 0;
    const texts = live.keeping();
    if (isUndecided && live.text !== "" && live.steps.at(-1).kind === "edit") texts.push(live.text);
    for (const text of texts) {
      const { ref } = this.outbox.add("append", { text });
      this.outbox.mark(ref, { state: "aside", code, message });
      this.effects.push({ type: "notice", kind: "returned", message });
    }
    live.isForeign = false;
    this.#took(target, () => live.reset(now.text, now.seq));
  }

  #loseMissing(paste) {
    for (const target of [...this.texts.keys()]) if (target !== "pad" && !paste.items.has(target)) this.#lose(target);
  }

  /** The item is gone: what was typed into it is offered. */
  #lose(target) {
    const live = this.texts.get(target);
    if (live.flight !== 0) this.outbox.remove(live.flight);
    if ((live.steps.length > 0 || live.isTyped) && live.text !== "") {
      const message = `Item ${target} was removed while you edited it.`;
      const { ref } = this.outbox.add("append", { text: live.text });
      this.outbox.mark(ref, { state: "aside", code: "noSuchItem", message });
      this.effects.push({ type: "notice", kind: "returned", message });
    }
    this.texts.delete(target);
    this.opened.delete(target);
    this.effects.push({ type: "closed", target });
    this.#stored(target);
  }

  #forget(target) {
    if (!this.opened.has(target) && this.texts.get(target)?.steps.length === 0) this.texts.delete(target);
  }

  #changed(target, ops) {
    if (ops.length > 0) this.effects.push({ type: "text", target, ops });
  }

  #stored(target) {
    if (!this.effects.some((each) => each.type === "record" && each.target === target)) {
      this.effects.push({ type: "record", target });
    }
  }
}

/** The text of a target as the log has it. */
function textOf(paste, target) {
  if (target === "pad") return paste.pad;
  const { text, textSeq } = paste.items.get(target);
  return { text, seq: textSeq };
}
