// Seeded runs of several pages against the model server: connections cut before and after a commit, messages
// lost with them, pages reloaded, the server restarted, requests refused for later. Nothing lost, nothing twice.
// SEED=n replays one run; RUNS=n makes more of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelServer } from "./model-server.mjs";
import { generator, Page, settle } from "./simulated-page.mjs";

const RUNS = Number(process.env.RUNS ?? 400);
const STEPS = 300;

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
