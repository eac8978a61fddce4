// Seeded worlds of the real service core and the real page: Tests/js/joint. Lost, duplicated, diverged, shown before
// it was durable, merged into another paste: none of it, in any world.
//
//   RUNS=n FIRST=m    the worlds m, m + 1, ... m + n - 1
//   SEED=n            one world; with TRACE=1, all that happens in it

import assert from "node:assert/strict";
import { test } from "node:test";
import { Orders, PROGRAM, ServerProcess, isBuilt } from "./joint/server-process.mjs";
import { World } from "./joint/world.mjs";

const RUNS = Number(process.env.RUNS ?? 150);
const FIRST = Number(process.env.SEED ?? process.env.FIRST ?? 1);
const COUNT = process.env.SEED ? 1 : RUNS;
const REPLAY = "TRACE=1 node --test Tests/js/joint-simulation.test.mjs";

test("real pages at the real core lose nothing, double nothing and agree, whatever goes wrong", (context) => {
  assert.ok(isBuilt(), `${PROGRAM} is not there: swift build --product SimulatedServer`);
  const server = new ServerProcess();
  const orders = new Orders();
  const tally = { worlds: 0, shown: 0, letters: 0, kills: 0, connections: 0 };
  const failures = [];
  const begun = process.hrtime.bigint();
  for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) {
    const world = new World(seed, server, orders, process.env.TRACE ? console.log : null);
    try {
      world.run();
    } catch (error) {
      world.ledger.violation(`${error.stack}`);
    }
    const { ledger } = world;
    tally.worlds += 1;
    tally.shown += ledger.eventsShown;
    tally.letters += ledger.letters.size;
    tally.kills += world.counts.kills;
    tally.connections += world.linkCount;
    if (ledger.violations.length > 0) failures.push({ seed, kind: world.plan.kind, violations: ledger.violations.slice(0, 5) });
    if (failures.length >= Number(process.env.FAILURES ?? 5)) break;
  }
  server.end();
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  context.diagnostic(`${JSON.stringify(tally)}, ${seconds.toFixed(1)} s, seeds ${FIRST} to ${FIRST + tally.worlds - 1}`);
  const report = failures.map(({ seed, kind, violations }) => `SEED=${seed} ${REPLAY}   # ${kind}\n  ${violations.join("\n  ")}`);
  assert.equal(failures.length, 0, `\n${report.join("\n")}`);
});
