// Wires the session to its carrier, the store, the page and the clock. No rules live here.
//
// What it takes to be live and to show the paste comes first; what a person can do there, in acts.js, a moment later. What is
// typed and pressed before is not lost: the box takes letters by itself, and presses are held (hold.js).

import { Carrier } from "./carrier.js";
import { at, keyInAddress, made, release } from "./frame.js";
import { createSession } from "./session.js";
import { Store } from "./store.js";
import { diff, transform } from "./text.js";
import * as view from "./view.js";

/** How long the rest of the page waits for the connection, in milliseconds, and with another attempt after it failed to load. */
const CONNECTION_FIRST = 3_000;
const LOAD_AGAIN = 10_000;
/** A text longer than this is stored in a pause of typing, of so many milliseconds, and always before it is sent. */
const LONG_TEXT = 20_000;
const STORING_PAUSE = 300;
/** The cursor is stored in a pause, too: only a reload reads it, and an older one is as good a proof as a newer one. */
const CURSOR_PAUSE = 200;

const key = keyInAddress();
const store = await Store.open(key ?? "");
const session = createSession({ client: store.client, key, ...store.load() });
const carrier = new Carrier(handle, store.client);
const timers = new Map();
const unstored = new Map(); // target -> timer
const storedFlights = new Map(); // target -> the ref that was under way when it was stored
const box = at("box");
let frame = 0;
let cursorTimer = 0;
let acts = null; // what a person can do, once it is loaded
let loading = null;
let style = null;
let tries = 0;
const unheard = []; // effects that it will want to hear of
const shown = { text: "", value: "" }; // what the box was given before

for (const type of ["click", "input"]) addEventListener(type, loadActs, true);
setTimeout(loadActs, CONNECTION_FIRST);
at("paste").classList.toggle("nowrap", store.preference("wrap") === "off");
wireAwakening();
handle({ type: "start" });
if (!navigator.onLine) handle({ type: "network", online: false });
render();
setInterval(() => view.tick(session, Date.now()), 1_000);

/** One event into the session, its effects out. */
function handle(event) {
  for (const effect of session.handle(event)) perform(effect);
  acts?.handled();
  if (session.connection !== "connecting" && session.connection !== "greeting") loadActs();
  frame ||= requestAnimationFrame(render);
  if (document.hidden) render(); // frames stand still there, and the title must not
}

function render() {
  cancelAnimationFrame(frame);
  frame = 0;
  if (acts === null && box.value === shown.value) {
    box.value = shown.text = session.desk.pad.text;
    shown.value = box.value;
  }
  view.render(session, Date.now(), acts?.removals ?? new Map());
  acts?.render();
}

function perform(effect) {
  switch (effect.type) {
    case "connect": return carrier.open();
    case "disconnect": return carrier.close();
    case "send": return carrier.send(effect.message);
    case "timer":
      clearTimeout(timers.get(effect.name));
      timers.set(effect.name, setTimeout(() => {
        handle({ type: "timer", name: effect.name, random: Math.random() });
      }, effect.after));
      return;
    case "cancel": return clearTimeout(timers.get(effect.name));
    case "store":
      store.saveRequests(session.outbox, effect.refs);
      return noteKept();
    case "record": return saveText(effect.target);
    case "cursor":
      cursorTimer ||= setTimeout(() => {
        cursorTimer = 0;
        store.saveCursor(session.cursor);
      }, CURSOR_PAUSE);
      return;
    default:
      if (acts) acts.perform(effect);
      else if (effect.type === "notice") unheard.push(effect); // texts are taken over as they are
  }
}

/** Stores a live text: at once when something of it is under way or it is short, else in a pause. */
function saveText(target) {
  const live = session.desk.texts.get(target);
  const record = live?.record;
  clearTimeout(unstored.get(target));
  const isUrgent = !record || record.text.length + live.text.length < LONG_TEXT || live.flight !== storedFlights.get(target);
  if (isUrgent) storeText(target);
  else unstored.set(target, setTimeout(storeText, STORING_PAUSE, target));
}

function storeText(target) {
  unstored.delete(target);
  const live = session.desk.texts.get(target);
  const record = live?.record ?? null;
  storedFlights.set(target, live?.flight ?? 0);
  // The cursor proves later that the text belongs to the history that the server has then.
  if (record !== null && session.cursor !== null) store.saveCursor(session.cursor);
  store.saveText(target, record);
  noteKept();
}

/** Where the browser stores nothing, unsent text depends on the open tab. */
function noteKept() {
  if (!store.isKept) at("unkept").hidden = false;
}

/** What stands in the box when the page goes before it can act: the next one sends it. */
function takeTyped() {
  if (acts !== null || box.value === shown.value) return;
  const ops = transform(diff(shown.text, box.value), diff(shown.text, session.desk.pad.text));
  shown.text = shown.value = box.value;
  handle({ type: "act", verb: "type", target: "pad", ops });
}

/** Loads what a person can do, and how it looks. */
function loadActs() {
  // Many browsers remember for an address that it failed: another attempt takes another address.
  loading ??= Promise.all([
    tries++ ? import(new URL(`./acts.js?${tries}`, import.meta.url)) : import("./acts.js"),
    style ??= loadStyle("../acts.css"),
  ]).then(([{ wire }]) => {
    view.setBroken(false);
    acts = wire({ session, store, handle, render, shown: shown.text });
    unheard.splice(0).forEach(acts.perform);
    release();
    render();
  }, () => {
    view.setBroken(true);
    setTimeout(() => {
      loading = null;
      loadActs();
    }, LOAD_AGAIN);
    render();
  });
}

function loadStyle(path) {
  const link = Object.assign(made("link"), { rel: "stylesheet", href: new URL(path, import.meta.url) });
  document.head.append(link);
  return new Promise((loaded, failed) => Object.assign(link, {
    onload: loaded,
    onerror() {
      link.remove();
      style = null;
      failed();
    },
  }));
}

/** A device that wakes up, or is back on the network, finds out at once whether its connection still is. */
function wireAwakening() {
  addEventListener("online", () => {
    carrier.forgive();
    handle({ type: "network", online: true });
  });
  addEventListener("offline", () => handle({ type: "network", online: false }));
  addEventListener("pageshow", (event) => event.persisted && handle({ type: "wake" }));
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return leave(); // phones tell no more when they end a page
    view.badge(0);
    handle({ type: "wake" });
  });
}

/** Lets nothing depend on the page being there. */
function leave() {
  takeTyped();
  acts?.removals.sendAll();
  for (const [target, timer] of [...unstored]) {
    clearTimeout(timer);
    storeText(target);
  }
}
