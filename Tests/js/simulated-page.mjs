// One simulated tab for the seeded runs: its session, its storage, its socket and its timers.

import { createSession } from "../../Public/js/session.js";
import { apply } from "../../Public/js/text.js";

/** A small deterministic generator (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One tab: its session, what its storage holds, its socket and its timers. */
export class Page {
  constructor(name, server, random) {
    Object.assign(this, { name, server, random });
    this.disk = { next: 1, entries: new Map(), cursor: null, texts: new Map() };
    this.typed = [];
    this.boot();
  }

  boot() {
    this.cut();
    this.timers = new Map();
    this.session = createSession({
      client: this.name, key: this.server.key, cursor: this.disk.cursor,
      stored: { next: this.disk.next, entries: structuredClone([...this.disk.entries.values()]) },
      texts: structuredClone([...this.disk.texts]),
    });
    this.boxes = new Map([["pad", this.session.desk.pad.text]]); // what the page shows
    this.handle({ type: "start" });
  }

  handle(event) {
    for (const effect of this.session.handle(event)) this.perform(effect);
  }

  perform(effect) {
    switch (effect.type) {
      case "connect": this.cut(); this.isDialling = true; break;
      case "disconnect": this.cut(); break;
      case "send": if (this.line) this.line.outbox.push(effect.message); break;
      case "timer": this.timers.set(effect.name, effect.after); break;
      case "cancel": this.timers.delete(effect.name); break;
      case "cursor": this.disk.cursor = { ...this.session.cursor }; break;
      case "store":
        this.disk.next = this.session.outbox.next;
        for (const ref of effect.refs) {
          const entry = this.session.outbox.get(ref);
          if (entry?.live !== undefined) continue;
          if (entry) this.disk.entries.set(ref, structuredClone(entry));
          else this.disk.entries.delete(ref);
        }
        break;
      case "record": {
        const record = this.session.desk.texts.get(effect.target)?.record ?? null;
        if (record === null) this.disk.texts.delete(effect.target);
        else this.disk.texts.set(effect.target, structuredClone(record));
        if (this.session.cursor) this.disk.cursor = { ...this.session.cursor };
        break;
      }
      case "text":
        if (this.boxes.has(effect.target)) this.boxes.set(effect.target, apply(this.boxes.get(effect.target), effect.ops));
        break;
      case "closed": this.boxes.delete(effect.target);
    }
  }

  /** The line goes dead; the page does not know yet. */
  cut() {
    if (this.line) this.server.cut(this.line.far);
    this.line = null;
    this.isDialling = false;
    this.isDead = false;
  }

  /** The same, and nobody will tell it: it has to notice by itself. */
  loseSilently() {
    this.cut();
    this.isDead = true;
  }

  /** The page is told. */
  hangUp() {
    const wasConnected = this.line || this.isDialling || this.isDead;
    this.cut();
    if (wasConnected) this.handle({ type: "closed", code: 1006, random: this.random() });
  }

  pump(isUp) {
    if (this.isDialling && isUp) {
      this.isDialling = false;
      this.line = { far: this.server.connect(), outbox: [] };
      this.handle({ type: "opened" });
    } else if (this.isDialling) {
      this.hangUp();
    } else if (this.line && this.line.outbox.length > 0 && this.random() < 0.6) {
      this.server.receive(this.line.far, structuredClone(this.line.outbox.shift()));
    } else if (this.line && this.line.far.inbox.length > 0) {
      this.handle({ type: "message", message: structuredClone(this.line.far.inbox.shift()), time: 0, random: this.random() });
    } else {
      this.fireTimer();
    }
  }

  fireTimer() {
    const due = [...this.timers].filter(([name]) => ["reconnect", "later", "again", "pace"].includes(name));
    if (this.isDead) due.push(...[...this.timers].filter(([name]) => ["connect", "quiet", "pong"].includes(name)));
    if (due.length === 0) return;
    const [name] = due[Math.floor(this.random() * due.length)];
    this.timers.delete(name);
    this.handle({ type: "timer", name, random: this.random() });
  }

  type(text) {
    this.typed.push(text);
    this.handle({ type: "act", verb: "append", text });
  }

  /** Types into a live text; the box shows it before anybody is told. */
  edit(target, ops) {
    this.boxes.set(target, apply(this.boxes.get(target), ops));
    this.handle({ type: "act", verb: "type", target, ops });
  }

  open(item) {
    this.handle({ type: "act", verb: "open", target: item });
    const live = this.session.desk.texts.get(item);
    if (live) this.boxes.set(item, live.text);
  }
}

/** Peace: the network is up, nothing is refused, until everyone is level. */
export function settle(pages, server) {
  server.refuse = null;
  const isLevel = (page) => page.session.connection === "live" && !page.isDead && page.line?.far.inbox.length === 0
    && page.line.outbox.length === 0 && page.session.outbox.unanswered().length === 0 && page.session.desk.unsent === 0;
  for (let round = 0; round < 20_000 && !pages.every(isLevel); round += 1) {
    for (const page of pages) page.pump(true);
  }
}

