// A paste as this page knows it: what snapshots and events of the log make of it. Pure.

import { apply } from "./text.js";

export class Paste {
  constructor(key) {
    this.key = key; // as it is asked for; null on the front page
    this.code = null; // its short spelling
    this.phase = key === null ? "none" : "asking"; // then "open", "unknown" or "over"
    this.reason = null; // of the end: "expired" or "deleted"
    this.expiresAt = null; // by the server's clock
    this.you = null; // this device's `by`
    this.can = null; // the permitted verbs; null before they were told
    this.devices = 0;
    this.loaded = false; // there is a state to show
    this.items = new Map(); // number -> item, ascending; an item is replaced, never altered
    this.pad = { text: "", seq: 0 };
    this.arriving = null; // a snapshot whose items are still coming
  }

  /** Whether requests can be made of it. */
  get writable() {
    return this.phase === "open" || this.phase === "asking";
  }

  /** Whether this device may send such a request now; until it was told, it is presumed. */
  may(verb) {
    return this.writable && (this.can === null || this.can.includes(verb));
  }

  /** A paste that was made just now. */
  made({ paste, code, expiresAt, seq }) {
    Object.assign(this, { key: paste, code: code ?? null, phase: "asking", expiresAt });
    this.loaded = seq === 0; // without events it is known whole
  }

  /** The first message of a snapshot; returns it when that was all of it, else null. */
  snapshot(head) {
    this.arriving = { head, items: new Map() };
    return this.moreItems(head);
  }

  /** The next items of a snapshot; returns its first message when they were the last, else null. */
  moreItems({ items = [], more }) {
    if (this.arriving === null) return null;
    for (const item of items) if (isText(item)) this.arriving.items.set(item.item, itemFrom(item));
    if (more) return null;
    const { head, items: arrived } = this.arriving;
    this.arriving = null;
    // Items that did not change stay the same objects, so that the page touches only what did.
    for (const [number, item] of arrived) {
      const known = this.items.get(number);
      if (known && known.textSeq === item.textSeq && known.text === item.text && known.by === item.by) arrived.set(number, known);
    }
    Object.assign(this, {
      code: head.code ?? this.code, phase: "open", expiresAt: head.expiresAt, you: head.you, can: head.can, devices: head.devices,
      items: arrived, pad: { text: head.pad, seq: head.padSeq }, loaded: true,
    });
    return head;
  }

  /** Applies the next event of the log; false when this page doesn't know its kind or it does not fit. */
  apply(event) {
    const { items } = this;
    switch (event.type) {
      case "append":
        if (isText(event)) items.set(event.item, itemFrom(event));
        return true;
      case "keep":
        if (isText(event)) items.set(event.item, itemFrom(event));
        this.pad = { text: "", seq: event.seq };
        return true;
      case "edit":
        return this.#edit(event);
      case "remove":
        items.delete(event.item);
        return true;
      case "clear":
        for (const number of [...items.keys()]) if (number <= event.through) items.delete(number);
        return true;
      case "extend":
        this.expiresAt = event.expiresAt;
        return true;
      default:
        return false;
    }
  }

  /** It ended; what is known of it stays readable. */
  end(reason) {
    this.phase = "over";
    this.reason = reason === "deleted" ? "deleted" : "expired";
    this.devices = 0;
  }

  #edit({ target, ops, seq }) {
    const item = this.items.get(target);
    const before = target === "pad" ? this.pad.text : item?.text;
    const text = before === undefined ? null : apply(before, ops);
    if (text === null) return false;
    if (target === "pad") this.pad = { text, seq };
    else this.items.set(target, { ...item, text, textSeq: seq });
    return true;
  }
}

/** Items of a kind that this page does not know are no texts to show. */
function isText({ kind }) {
  return kind === undefined || kind === null;
}

function itemFrom({ item, at, by, text, textSeq, seq }) {
  return { number: item, at, by, text, textSeq: textSeq ?? seq };
}
