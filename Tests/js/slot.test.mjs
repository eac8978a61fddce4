import assert from "node:assert/strict";
import { test } from "node:test";
import { Slot, STREAMS } from "../../Public/js/slot.js";

/** The locks and the channel of one browser. */
class Browser {
  held = new Set();
  tabs = [];
  locks = {
    request: async (name, { ifAvailable }, callback) => {
      assert.ok(ifAvailable);
      if (this.held.has(name)) return callback(null);
      this.held.add(name);
      await callback({ name });
      this.held.delete(name);
    },
  };
  tab({ hidden = false } = {}) {
    const tab = { hidden, wanted: 0 };
    tab.slot = new Slot(() => {
      tab.wanted += 1;
      tab.slot.leave();
    }, {
      locks: this.locks, isHidden: () => tab.hidden,
      channel: () => ({
        addEventListener: (_, listener) => { tab.listener = listener; },
        postMessage: () => this.tabs.filter((other) => other !== tab).forEach((other) => other.listener()),
      }),
    });
    this.tabs.push(tab);
    return tab;
  }
}

const take = (tab) => tab.slot.take(new AbortController().signal);

test("so many tabs have a place, and the next one has none until one leaves", async () => {
  const browser = new Browser();
  const tabs = Array.from({ length: STREAMS }, () => browser.tab());
  for (const tab of tabs) assert.equal(await take(tab), true);
  assert.equal(await take(tabs[0]), true, "it keeps the one that it has");
  assert.equal(browser.held.size, STREAMS);
  const late = browser.tab();
  const ending = new AbortController();
  const taking = late.slot.take(ending.signal);
  setTimeout(() => tabs[1].slot.leave(), 150);
  assert.equal(await taking, true);
  assert.equal(browser.held.size, STREAMS);
  const later = browser.tab();
  const waiting = later.slot.take(ending.signal);
  ending.abort();
  assert.equal(await waiting, false);
});

test("a tab that nobody looks at gives its place to one that somebody does, and asks for none itself", async () => {
  const browser = new Browser();
  const tabs = Array.from({ length: STREAMS }, () => browser.tab());
  for (const tab of tabs) await take(tab);
  const hidden = browser.tab({ hidden: true });
  assert.equal(await take(hidden), false);
  assert.deepEqual(tabs.map(({ wanted }) => wanted), tabs.map(() => 0));
  tabs[2].hidden = true;
  const seen = browser.tab();
  assert.equal(await take(seen), true);
  assert.deepEqual(tabs.map(({ wanted }) => wanted), [0, 0, 1, 0]);
});

test("where there are no locks there is always a place", async () => {
  const slot = new Slot(() => {}, { locks: undefined });
  assert.equal(await slot.take(new AbortController().signal), true);
  slot.leave();
});

test("a place that is granted after it was given up is let go, and two who take at once hold one", async () => {
  const browser = new Browser();
  const { request } = browser.locks;
  browser.locks.request = async (...words) => {
    await new Promise((later) => setTimeout(later, 5));
    return request(...words);
  };
  const ending = new AbortController();
  const { slot } = browser.tab();
  const taking = slot.take(ending.signal);
  ending.abort();
  assert.equal(await taking, false);
  await new Promise((later) => setTimeout(later, 10));
  assert.equal(browser.held.size, 0);
  const { signal } = new AbortController();
  assert.deepEqual(await Promise.all([slot.take(signal), slot.take(signal)]), [true, true]);
  slot.leave();
  await new Promise((later) => setTimeout(later, 10));
  assert.equal(browser.held.size, 0);
});
