// Wires the session to its carrier, the store, the page and the clock. No rules live here.

import { Carrier } from "./carrier.js";
import { copySelectionExactly, copyText } from "./clipboard.js";
import { Composer } from "./composer.js";
import { keepPage, reloadNewest, takeShared } from "./installed.js";
import { Intake } from "./intake.js";
import { ItemEditors } from "./item-editor.js";
import { normaliseKey } from "./key.js";
import { wireKeys } from "./keys.js";
import { forget, forgetAll, recent, remember } from "./recent.js";
import { Removals } from "./removals.js";
import { Session } from "./session.js";
import { showWhole } from "./shown-text.js";
import { Store } from "./store.js";
import { View } from "./view.js";
import { countLines, plural, timeLeft } from "./wording.js";

/** The limit that holds until the server has told its own. */
const LIMIT_BEFORE_WELCOME = 1 << 20;
/** Items that come within so many milliseconds are told together. */
const ARRIVALS = 300;
/** How long a button waits for the second press that means it, in milliseconds. */
const ARMED = 4_000;

const key = keyOf(location.pathname);
const store = await Store.open(key ?? "");
const left = store.load();
const session = new Session({ client: store.client, key, ...left });
const view = new View();
const carrier = new Carrier(handle, store.client);
const timers = new Map();
let frame = 0;
let cursorTimer = 0;
/** A text longer than this is stored in a pause of typing, of so many milliseconds, and always before it is sent. */
const LONG_TEXT = 20_000;
const STORING_PAUSE = 300;
const unstored = new Map(); // target -> timer
const storedFlights = new Map(); // target -> the ref that was under way when it was stored

const composer = new Composer(
  { box: view.at("box"), note: view.at("note"), exactButton: view.at("keep-exact") },
  {
    typed: (ops) => handle({ type: "act", verb: "type", target: "pad", ops }),
    keep: () => handle({ type: "act", verb: "keep" }),
    append: keep,
  },
);
const editors = new ItemEditors({
  typed: (item, ops) => handle({ type: "act", verb: "type", target: item, ops }),
  closed: (item) => handle({ type: "act", verb: "close", target: item }),
});
const removals = new Removals({
  send: (item) => handle({ type: "act", verb: "remove", item }),
  isWatched: (item) => document.activeElement.matches(`li[data-item="${item}"] [data-do=stay]:focus-visible`),
});
const intake = new Intake(view.at, {
  isOpen: () => session.paste.key !== null && session.paste.may("append"),
  keep,
  isUndecided: (ref) => ["waiting", "sent"].includes(session.outbox.get(ref)?.state),
  limitBytes,
  offer: (text) => composer.offer(text),
  say: (text) => view.toast(text),
});
let arrivals = 0;
let noted = "";
composer.field.set(session.desk.pad.text);
wirePage();
handle({ type: "network", online: navigator.onLine });
handle({ type: "start" });
show();
view.recent(recent(Date.now()), Date.now());
setInterval(() => view.tick(session, Date.now()), 1_000);
keepPage();
takeShared(session.paste.key, intake);

/** The key in an address: in its tidy spelling, so that one paste has one name in this browser's storage. */
function keyOf(path) {
  let typed = path.replace(/^\/|\/$/g, "");
  try {
    typed = decodeURIComponent(typed);
  } catch {
    // Not an encoding of anything: the server will know no such paste.
  }
  return typed === "" ? null : (normaliseKey(typed) ?? typed);
}

/** One event into the session, its effects out. */
function handle(event) {
  for (const effect of session.handle(event)) perform(effect);
  composer.tell(session.desk.pad.problem ?? null, limitBytes());
  editors.tell(session, limitBytes());
  if (frame === 0) frame = requestAnimationFrame(show);
  if (document.hidden) show(); // frames stand still there, and the title must not
}

function show() {
  cancelAnimationFrame(frame);
  frame = 0;
  view.render(session, Date.now(), removals);
  intake.render();
  note(session.paste);
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
      if (!store.isKept) view.unkept();
      return;
    case "text":
      if (effect.target === "pad") return composer.change(effect.ops);
      return editors.change(effect.target, effect.ops);
    case "closed": return editors.close(effect.target);
    case "record": return saveText(effect.target);
    case "cursor":
      // Only a reload reads it, and an older cursor is as good a proof as a newer one.
      cursorTimer ||= setTimeout(() => {
        cursorTimer = 0;
        store.saveCursor(session.cursor);
      }, 200);
      return;
    case "address":
      store.moveTo(effect.paste);
      history.pushState(null, "", `/${encodeURIComponent(effect.paste)}`);
      takeShared(effect.paste, intake);
      setTimeout(() => {
        show(); // what is hidden can't take the focus
        view.at("box").focus();
      });
      return;
    case "notice": return tell(effect);
  }
}

/** Stores a live text: at once when something of it is under way or it is short, else in a pause. */
function saveText(target) {
  const live = session.desk.texts.get(target);
  const record = live?.record ?? null;
  clearTimeout(unstored.get(target));
  unstored.delete(target);
  const isUrgent = record === null || record.text.length + live.text.length < LONG_TEXT || live.flight !== storedFlights.get(target);
  if (!isUrgent) return unstored.set(target, setTimeout(() => storeText(target), STORING_PAUSE));
  storeText(target);
}

function storeText(target) {
  unstored.delete(target);
  const live = session.desk.texts.get(target);
  const record = live?.record ?? null;
  storedFlights.set(target, live?.flight ?? 0);
  // The cursor proves later that the text belongs to the history that the server has then.
  if (record !== null && session.cursor !== null) store.saveCursor(session.cursor);
  store.saveText(target, record);
  if (!store.isKept) view.unkept();
}

function tell({ kind, item, message }) {
  switch (kind) {
    case "kept": return intake.isBusy || view.toast("Kept.");
    case "arrived":
      view.arrived();
      arrivals += 1;
      if (arrivals === 1) setTimeout(sayArrivals, ARRIVALS, item);
      return;
    case "extended":
      return view.toast(`Time left: ${timeLeft(session.paste.expiresAt - Date.now() - session.clockOffset)}.`);
    case "expired": return view.toast("The time of this paste is over.");
    case "deleted": return view.toast("This paste was deleted.");
    case "returned": return view.toast(message ?? "A text was not kept. It is still here.");
    default: return view.toast(message ?? "That did not work.");
  }
}

/** Many at once are told in one sentence. */
function sayArrivals(first) {
  const text = session.paste.items.get(first)?.text;
  if (arrivals > 1 || text === undefined) view.toast(`${plural(arrivals, "new item")}.`);
  else view.toast(`New item, ${plural(countLines(text), "line")}.`);
  arrivals = 0;
}

/** Remembers on this device which pastes there are. */
function note({ phase, key, expiresAt }) {
  const state = `${phase} ${expiresAt}`;
  if (state === noted) return;
  noted = state;
  if (phase === "open") remember(key, expiresAt - session.clockOffset);
  else if (phase === "over" || phase === "unknown") forget(key);
}

function limitBytes() {
  return session.limits?.textBytes ?? LIMIT_BEFORE_WELCOME;
}

/** Makes an item; returns its ref, 0 when this paste takes no more. */
function keep(text) {
  if (!session.paste.may("append")) return 0;
  handle({ type: "act", verb: "append", text });
  return session.outbox.next - 1;
}

async function copy(text, what = `Copied ${plural(countLines(text), "line")}.`) {
  view.toast((await copyText(text)) ? what : "The browser refused the clipboard. Select the text and copy it by hand.");
}

/** The address of this paste. */
function address() {
  return new URL(`/${encodeURIComponent(session.paste.key)}`, location.href).href;
}

function wirePage() {
  const on = (id, type, handler) => view.at(id).addEventListener(type, handler);
  on("make", "submit", (event) => {
    event.preventDefault();
    handle({ type: "act", verb: "create", expiresIn: Number(view.at("life").value) });
  });
  for (const [form, field] of [["open", "key"], ["open-again", "key-again"]]) {
    on(form, "submit", (event) => {
      event.preventDefault();
      const typed = normaliseKey(view.at(field).value);
      if (typed !== null) return location.assign(`/${typed}`);
      view.at(field).setCustomValidity("A key is three words, or six letters and digits.");
      view.at(field).reportValidity();
    });
    on(field, "input", ({ target }) => target.setCustomValidity(""));
  }
  on("keep", "click", () => composer.keep());
  on("copy-link", "click", () => copy(address(), "Link copied."));
  on("share", "click", () => navigator.share({ title: "Pasted", url: address() }).catch(() => {})); // or the person thought better of it
  on("change", "click", ({ target }) => {
    const { life } = target.dataset;
    if (life === undefined) return;
    handle({ type: "act", verb: "extend", expiresIn: Number(life) });
    view.at("change").open = false;
    view.at("change").querySelector("summary").focus();
  });
  on("change", "keydown", (event) => {
    if (event.key !== "Escape") return;
    view.at("change").open = false;
    view.at("change").querySelector("summary").focus();
  });
  document.addEventListener("click", ({ target }) => {
    if (!view.at("change").contains(target)) view.at("change").open = false;
  });
  on("delete", "click", ({ target }) => {
    if (!isArmed(target, "Press again to delete everything")) return;
    view.at("change").open = false;
    handle({ type: "act", verb: "delete" });
  });
  on("reload", "click", reloadNewest);
  on("undo", "click", () => composer.field.step("undo") || view.toast("Nothing of yours to undo."));
  on("redo", "click", () => composer.field.step("redo") || view.toast("Nothing to redo."));
  for (const id of ["undo", "redo"]) on(id, "pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  on("items", "click", ({ target }) => itemPressed(target));
  on("outgoing", "click", ({ target }) => outgoingPressed(target));
  on("recent-clear", "click", () => {
    forgetAll();
    view.recent([]);
    view.at("key").focus();
  });
  on("box", "keydown", (event) => event.key === "Escape" && !event.isComposing && event.target.blur());
  copySelectionExactly();
  wireWrap();
  wireKeys(view.at, store);
  wireAwakening();
  addEventListener("popstate", () => location.reload());
}

function itemPressed(target) {
  const item = view.items.itemOf(target);
  if (!item) return;
  switch (target.closest("[data-do]")?.dataset.do) {
    case "copy": copy(item.text); break;
    case "whole": showWhole(target.closest("li"), item.text); break;
    case "edit": {
      if (editors.open.has(item.number)) return editors.stop(item.number);
      if (!session.paste.may("edit")) return;
      handle({ type: "act", verb: "open", target: item.number });
      return editors.start(target.closest("li"), item.number, session.desk.texts.get(item.number).text);
    }
    case "download": return download(item);
    case "remove":
    case "stay": {
      const isStaying = removals.has(item.number);
      if (isStaying) removals.takeBack(item.number);
      else removals.begin(item.number);
      show();
      return target.closest("li").querySelector(isStaying ? "[data-do=remove]" : "[data-do=stay]").focus();
    }
  }
}

function outgoingPressed(target) {
  const entry = view.outgoing.entryOf(target);
  if (!entry) return;
  const { ref } = entry;
  switch (target.closest("[data-do]")?.dataset.do) {
    case "copy": copy(entry.fields.text); break;
    case "whole": showWhole(target.closest("li"), entry.fields.text); break;
    case "again": handle({ type: "act", verb: "again", ref }); break;
    case "discard":
      if (isArmed(target, "Really?")) handle({ type: "act", verb: "discard", ref });
      break;
  }
}

/** Hands an item over as a file, from memory: it works while offline, and when the paste is over. */
function download({ number, text }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = `pasted-${number}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Whether long lines wrap is remembered on this device. */
function wireWrap() {
  const button = view.at("wrap");
  const set = (isOn) => {
    button.setAttribute("aria-pressed", String(isOn));
    view.at("paste").classList.toggle("nowrap", !isOn);
  };
  set(store.preference("wrap") !== "off");
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    set(isOn);
    store.prefer("wrap", isOn ? "on" : "off");
  });
}

/** What can't be undone takes two presses: the first asks. */
function isArmed(button, question) {
  if (button.classList.contains("armed")) return true;
  const label = button.textContent;
  const name = button.getAttribute("aria-label");
  button.classList.add("armed");
  button.textContent = question;
  button.removeAttribute("aria-label");
  setTimeout(() => {
    button.classList.remove("armed");
    button.textContent = label;
    if (name !== null) button.setAttribute("aria-label", name);
  }, ARMED);
  return false;
}

/** A device that wakes up, or is back on the network, finds out at once whether its connection still is. */
function wireAwakening() {
  addEventListener("online", () => {
    carrier.forgive();
    handle({ type: "network", online: true });
  });
  addEventListener("offline", () => handle({ type: "network", online: false }));
  addEventListener("pageshow", (event) => event.persisted && handle({ type: "wake" }));
  addEventListener("pagehide", () => {
    removals.sendAll();
    for (const [target, timer] of [...unstored]) {
      clearTimeout(timer);
      storeText(target);
    }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? removals.sendAll() : handle({ type: "wake" })));
}
