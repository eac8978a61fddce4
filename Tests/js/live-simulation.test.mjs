// Seeded runs of several pages that type on one pad and into items: connections cut before and after a commit,
// pages reloaded, the server out of reach, requests refused for later, histories too long to resume. Each page
// types its own alphabet, so that what is lost or doubled shows in the count. SEED=n replays one run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, compose, countPoints, diff, inverse, transform } from "../../Public/js/text.js";
import { ModelServer } from "./model-server.mjs";
import { generator, Page, settle } from "./simulated-page.mjs";

const RUNS = Number(process.env.RUNS ?? 2_000);
const STEPS = 250;
const ALPHABETS = ["abcdefgh", "ABCDEFGH", "\u{1F600}\u{1F601}\u{1F680}\u{1F95A}", "äöüß一二"];
const seeds = (count) => (process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: count }, (_, at) => at + 1));

/** An insert at a random place, now and then a few letters; with deletes when asked. */
function typing(text, alphabet, random, isDeleting) {
  const size = countPoints(text);
  const at = Math.floor(random() * (size + 1));
  const letters = [...alphabet];
  const some = Array.from({ length: 1 + Math.floor(random() * 3) }, () => letters[Math.floor(random() * letters.length)]).join("");
  const drop = isDeleting && random() < 0.4 ? Math.min(size - at, 1 + Math.floor(random() * 4)) : 0;
  const insert = drop > 0 && random() < 0.5 ? "" : some;
  return [...(at ? [at] : []), ...(insert ? [insert] : []), ...(drop ? [-drop] : [])];
}

class Typist extends Page {
  constructor(at, server, random) {
    super(String.fromCharCode(97 + at).repeat(32), server, random);
    this.alphabet = ALPHABETS[at];
    this.count = 0;
  }

  /** One burst on the pad or in an item that is open. */
  write(isDeleting) {
    const targets = [...this.boxes.keys()];
    const target = targets[Math.floor(this.random() * targets.length)];
    const ops = typing(this.boxes.get(target), this.alphabet, this.random, isDeleting);
    if (ops.length === 0) return;
    for (const op of ops) if (typeof op === "string") this.count += countPoints(op);
    this.edit(target, ops);
  }

  openOne() {
    const items = [...this.session.paste.items.keys()];
    if (items.length > 0) this.open(items[Math.floor(this.random() * items.length)]);
  }
}

function run(seed, { isDeleting = false, keeps = true } = {}) {
  const random = generator(seed);
  const server = new ModelServer();
  const pages = [0, 1, 2, 3].slice(0, 2 + Math.floor(random() * 3)).map((at) => new Typist(at, server, random));
  if (random() < 0.5) server.held = 5;
  let isUp = true;
  server.refuse = () => (random() < 0.03 ? { code: "busy", retry: "later", retryAfter: 10 } : null);
  for (let step = 0; step < STEPS; step += 1) {
    const page = pages[Math.floor(random() * pages.length)];
    const chance = random();
    if (chance < 0.2) page.write(isDeleting);
    else if (chance < 0.22 && keeps) page.handle({ type: "act", verb: "keep" });
    else if (chance < 0.23) page.openOne();
    else if (chance < 0.26) page.hangUp();
    else if (chance < 0.28 && page.line) page.loseSilently();
    else if (chance < 0.3) page.boot();
    else if (chance < 0.31) {
      isUp = !isUp;
      if (!isUp) for (const each of pages) each.hangUp();
    } else page.pump(isUp);
  }
  settle(pages, server);
  return { pages, server };
}

function assertLevel({ pages, server }, seed) {
  for (const page of pages) {
    const { desk, paste, outbox } = page.session;
    assert.equal(page.session.connection, "live", `SEED=${seed}: ${page.name} is live`);
    assert.equal(desk.unsent, 0, `SEED=${seed}: nothing waits at ${page.name}`);
    assert.deepEqual(paste.pad, server.pad, `SEED=${seed}: the pad that ${page.name} knows`);
    assert.equal(desk.pad.text, server.pad.text, `SEED=${seed}: the pad that ${page.name} edits`);
    for (const [target, box] of page.boxes) {
      const text = target === "pad" ? server.pad.text : server.items.get(target).text;
      assert.equal(box, text, `SEED=${seed}: what ${page.name} shows of ${target}`);
    }
    assert.deepEqual(outbox.returned(), [], `SEED=${seed}: nothing given back by ${page.name}`);
    assert.equal(page.disk.texts.size, 0, `SEED=${seed}: nothing left stored by ${page.name}`);
    assert.equal(outbox.unanswered().length, 0, `SEED=${seed}: no request waits at ${page.name}`);
  }
}

test("typing converges: nothing lost, nothing twice, whatever the network does", () => {
  for (const seed of seeds(RUNS)) {
    const { pages, server } = run(seed);
    assertLevel({ pages, server }, seed);
    const everything = [server.pad.text, ...[...server.items.values()].map(({ text }) => text)].join("");
    for (const page of pages) {
      const found = [...everything].filter((letter) => page.alphabet.includes(letter)).length;
      assert.equal(found, page.count, `SEED=${seed}: letters of ${page.name[0]}`);
    }
  }
});

test("deleting converges too", () => {
  for (const seed of seeds(RUNS)) assertLevel(run(seed, { isDeleting: true }), seed);
});

test("another history takes nothing of what was typed, and what was typed is offered", () => {
  for (const seed of seeds(RUNS / 10)) {
    const random = generator(seed);
    const server = new ModelServer();
    const page = new Typist(0, server, random);
    settle([page], server);
    page.edit("pad", ["known"]);
    settle([page], server);
    page.hangUp();
    page.edit("pad", [5, " unsent"]);
    if (random() < 0.5) page.boot();
    page.hangUp();
    server.make();
    settle([page], server);
    assert.deepEqual(page.session.outbox.returned().map(({ fields }) => fields.text), ["known unsent"], `SEED=${seed}`);
    assert.equal(server.pad.text, "", `SEED=${seed}`);
    assert.equal(page.boxes.get("pad"), "", `SEED=${seed}`);
  }
});

test("two who keep together keep once, and what was typed meanwhile stays on the pad", () => {
  for (const seed of seeds(RUNS / 10)) {
    const random = generator(seed);
    const server = new ModelServer();
    const pages = [0, 1].map((at) => new Typist(at, server, random));
    settle(pages, server);
    pages[0].edit("pad", ["shared"]);
    settle(pages, server);
    for (const page of pages) page.handle({ type: "act", verb: "keep" });
    pages[1].edit("pad", ["next"]);
    if (random() < 0.5) pages[Math.floor(random() * 2)].hangUp();
    settle(pages, server);
    assert.deepEqual([...server.items.values()].map(({ text }) => text), ["shared"], `SEED=${seed}`);
    assertLevel({ pages, server }, seed);
    assert.equal(server.pad.text, "next", `SEED=${seed}`);
  }
});

test("texts that one device keeps one after the other, faster than they are answered, are items each", () => {
  for (const seed of seeds(RUNS / 10)) {
    const random = generator(seed);
    const server = new ModelServer();
    const page = new Typist(0, server, random);
    settle([page], server);
    for (const text of ["one", "two", "three"]) {
      page.edit("pad", [text]);
      page.handle({ type: "act", verb: "keep" });
      if (random() < 0.2) page.hangUp();
      for (let some = Math.floor(random() * 6); some > 0; some -= 1) page.pump(true);
    }
    settle([page], server);
    assert.deepEqual([...server.items.values()].map(({ text }) => text), ["one", "two", "three"], `SEED=${seed}`);
    assertLevel({ pages: [page], server }, seed);
  }
});

test("an item that is removed while it is edited gives back what was typed", () => {
  for (const seed of seeds(RUNS / 10)) {
    const random = generator(seed);
    const server = new ModelServer();
    const pages = [0, 1].map((at) => new Typist(at, server, random));
    settle(pages, server);
    pages[0].type("item");
    settle(pages, server);
    pages[0].open(1);
    pages[0].edit(1, [4, " typed"]);
    pages[1].handle({ type: "act", verb: "remove", item: 1 });
    if (random() < 0.3) pages[0].hangUp();
    settle(pages, server);
    assert.equal(server.items.size, 0, `SEED=${seed}`);
    assert.deepEqual(pages[0].session.outbox.returned().map(({ fields }) => fields.text), ["item typed"], `SEED=${seed}`);
    assert.equal(pages[0].boxes.has(1), false, `SEED=${seed}`);
  }
});

test("compose does what both edits do, and an undo after others' edits takes only its own back", () => {
  for (const seed of seeds(RUNS)) {
    const random = generator(seed);
    const text = ALPHABETS.join("");
    const first = typing(text, "xy", random, true);
    const second = typing(apply(text, first), "z\u{1F600}", random, true);
    assert.equal(apply(text, compose(first, second)), apply(apply(text, first), second), `SEED=${seed}`);
    const other = typing(text, "o", random, false);
    const both = apply(apply(text, first), transform(other, first, true));
    const back = transform(inverse(text, first), transform(other, first, true));
    assert.equal(countPoints(apply(both, back)), countPoints(apply(text, other)), `SEED=${seed}`);
    assert.equal(apply(both, diff(both, text)), text);
  }
});
