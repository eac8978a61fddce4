// Seeded runs of several pages against the model server: connections cut before and after a commit, messages
// lost with them, pages reloaded, the server restarted, requests refused for later. Nothing lost, nothing twice.
// SEED=n replays one run; RUNS=n makes more of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../Public/js/session.js";
import { ModelServer } from "./model-server.mjs";

const RUNS = Number(process.env.RUNS ?? 400);
const STEPS = 300;

/** A small deterministic generator (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One tab: its session, what its storage holds, its socket and its timers. */
class Page {
  constructor(name, server, random) {
    Object.assign(this, { name, server, random });
    this.disk = { next: 1, entries: new Map(), cursor: null };
    this.typed = [];
    this.boot();
  }

  boot() {
    this.cut();
    this.timers = new Map();
    this.session = new Session({
      client: this.name, key: this.server.key, cursor: this.disk.cursor,
      stored: { next: this.disk.next, entries: structuredClone([...this.disk.entries.values()]) },
    });
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
          if (entry) this.disk.entries.set(ref, structuredClone(entry));
          else this.disk.entries.delete(ref);
        }
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
    const due = [...this.timers].filter(([name]) => ["reconnect", "later", "again"].includes(name));
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
}

function run(seed) {
  const random = generator(seed);
  const server = new ModelServer();
  const pages = ["a", "b", "c"].map((name) => new Page(name.repeat(32), server, random));
  let isUp = true;
  let count = 0;
  server.refuse = () => (random() < 0.05 ? { code: "tooFast", retry: "later", retryAfter: 10 } : null);
  for (let step = 0; step < STEPS; step += 1) {
    const page = pages[Math.floor(random() * pages.length)];
    const chance = random();
    if (chance < 0.12) page.type(`${page.name[0]}${(count += 1)}`);
    else if (chance < 0.15) page.hangUp();
    else if (chance < 0.17 && page.line) page.loseSilently();
    else if (chance < 0.18) page.boot();
    else if (chance < 0.19) page.handle({ type: "wake" });
    else if (chance < 0.2) {
      isUp = !isUp;
      if (!isUp) for (const each of pages) each.hangUp();
    } else page.pump(isUp);
  }
  settle(pages, server);
  return { pages, server };
}

/** Peace: the network is up, nothing is refused, until everyone is level. */
function settle(pages, server) {
  server.refuse = null;
  const isLevel = (page) => page.session.connection === "live" && !page.isDead && page.line?.far.inbox.length === 0
    && page.line.outbox.length === 0 && page.session.outbox.unanswered().length === 0;
  for (let round = 0; round < 20_000 && !pages.every(isLevel); round += 1) {
    for (const page of pages) page.pump(true);
  }
}

test("each text arrives exactly once, and every page shows the server's order", () => {
  const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: RUNS }, (_, index) => index + 1);
  for (const seed of seeds) {
    const { pages, server } = run(seed);
    const kept = [...server.items.values()].map((item) => item.text);
    const typed = pages.flatMap((page) => page.typed);
    assert.deepEqual([...kept].sort(), [...typed].sort(), `SEED=${seed}: kept on the server`);
    for (const page of pages) {
      assert.equal(page.session.connection, "live", `SEED=${seed}: ${page.name} is live`);
      const shown = [...page.session.paste.items.values()].map((item) => item.text);
      assert.deepEqual(shown, kept, `SEED=${seed}: shown by ${page.name}`);
      assert.deepEqual(page.session.outbox.returned(), [], `SEED=${seed}: nothing given back by ${page.name}`);
      assert.equal(page.disk.entries.size, 0, `SEED=${seed}: nothing left stored by ${page.name}`);
    }
  }
});

test("with a paste made anew under the key, unsent texts are offered, never merged, never lost", () => {
  for (let seed = 1; seed <= RUNS / 4; seed += 1) {
    const random = generator(seed);
    const server = new ModelServer();
    const page = new Page("a".repeat(32), server, random);
    settle([page], server);
    page.type("sent before");
    settle([page], server);
    page.hangUp();
    page.type("typed offline");
    if (random() < 0.5) page.boot();
    page.hangUp();
    server.make();
    settle([page], server);
    const returned = page.session.outbox.returned().map((entry) => entry.fields.text);
    assert.deepEqual(returned, ["typed offline"], `seed ${seed}`);
    assert.equal(server.items.size, 0, `seed ${seed}`);
    assert.equal(page.session.paste.items.size, 0, `seed ${seed}`);
  }
});
