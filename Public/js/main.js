// Wires the session to the socket, the store, the page and the clock. No rules live here.

import { copyText } from "./clipboard.js";
import { Composer } from "./composer.js";
import { keepPage, reloadNewest, remember, takeShared } from "./installed.js";
import { ItemEditors } from "./item-editor.js";
import { normaliseKey } from "./key.js";
import { showWhole } from "./lists.js";
import { Session } from "./session.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";
import { problemWith, readFiles, wellFormed } from "./texts.js";
import { View } from "./view.js";
import { countLines, plural, timeLeft } from "./wording.js";

/** The limit that holds until the server has told its own. */
const LIMIT_BEFORE_WELCOME = 1 << 20;
/** How long a button waits for the second press that means it, in milliseconds. */
const ARMED = 4_000;

const key = keyOf(location.pathname);
const store = await Store.open(key ?? "");
const left = store.load();
const session = new Session({ client: store.client, key, ...left });
const view = new View();
const socket = new Socket(handle);
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
composer.field.set(session.desk.pad.text);
wirePage();
handle({ type: "network", online: navigator.onLine });
handle({ type: "start" });
show();
setInterval(() => view.tick(session, Date.now()), 1_000);
keepPage();
takeWhatWasShared();

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
  view.render(session, Date.now());
}

function perform(effect) {
  switch (effect.type) {
    case "connect": return socket.open();
    case "disconnect": return socket.close();
    case "send": return socket.send(effect.message);
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
        remember(session.paste.key);
      }, 200);
      return;
    case "address":
      store.moveTo(effect.paste);
      history.pushState(null, "", `/${encodeURIComponent(effect.paste)}`);
      takeWhatWasShared();
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
    case "kept": return view.toast("Kept.");
    case "arrived": {
      view.arrived();
      return view.toast(`New item, ${plural(countLines(session.paste.items.get(item).text), "line")}.`);
    }
    case "extended":
      return view.toast(`Time left: ${timeLeft(session.paste.expiresAt - Date.now() - session.clockOffset)}.`);
    case "expired": return view.toast("The time of this paste is over.");
    case "deleted": return view.toast("This paste was deleted.");
    case "returned": return view.toast(message ?? "A text was not kept. It is still here.");
    default: return view.toast(message ?? "That did not work.");
  }
}

function limitBytes() {
  return session.limits?.textBytes ?? LIMIT_BEFORE_WELCOME;
}

/** Makes an item; false when this paste takes no more. */
function keep(text) {
  if (!session.paste.may("append")) return false;
  handle({ type: "act", verb: "append", text });
  return true;
}

async function keepFiles(files) {
  for (const { text, problem } of await readFiles(files, limitBytes())) {
    if (problem) view.toast(problem);
    else if (!keep(text)) view.toast("This paste takes no more; nothing was kept.");
  }
}

/** What another app shared into this one. */
function takeWhatWasShared() {
  takeShared(session.paste.key, {
    ask: () => view.toast("Open a paste or make one: what you shared goes into it."),
    async keep(parts) {
      for (const part of parts) {
        if (typeof part === "string") keepLoose(part);
        else await keepFiles([part]);
      }
    },
  });
}

/** A text that was pasted or dropped beside the box. */
function keepLoose(text) {
  const problem = problemWith(text, limitBytes());
  if (problem === null) keep(wellFormed(text));
  else if (!composer.offer(text)) view.toast(problem);
}

async function copy(text, what = `Copied ${plural(countLines(text), "line")}.`) {
  view.toast((await copyText(text)) ? what : "The browser refused the clipboard. Select the text and copy it by hand.");
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
  on("copy-link", "click", () => copy(new URL(`/${session.paste.key}`, location.href).href, "Link copied."));
  on("file", "change", ({ target }) => {
    keepFiles([...target.files]);
    target.value = "";
  });
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
  wireTransfer();
  wireAwakening();
  addEventListener("popstate", () => location.reload());
}

function itemPressed(target) {
  const item = view.items.itemOf(target);
  if (!item) return;
  switch (target.dataset.do) {
    case "copy": copy(item.text); break;
    case "whole": showWhole(target.closest("li"), item.text); break;
    case "edit": {
      if (editors.open.has(item.number)) return editors.stop(item.number);
      if (!session.paste.may("edit")) return;
      handle({ type: "act", verb: "open", target: item.number });
      return editors.start(target.closest("li"), item.number, session.desk.texts.get(item.number).text);
    }
    case "remove":
      if (isArmed(target, "Really?")) handle({ type: "act", verb: "remove", item: item.number });
      break;
  }
}

function outgoingPressed(target) {
  const entry = view.outgoing.entryOf(target);
  if (!entry) return;
  const { ref } = entry;
  switch (target.dataset.do) {
    case "copy": copy(entry.fields.text); break;
    case "whole": showWhole(target.closest("li"), entry.fields.text); break;
    case "again": handle({ type: "act", verb: "again", ref }); break;
    case "discard":
      if (isArmed(target, "Really?")) handle({ type: "act", verb: "discard", ref });
      break;
  }
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

/** Drops anywhere, and pastes outside a field, become items. */
function wireTransfer() {
  const isOpen = () => session.paste.key !== null && session.paste.may("append");
  addEventListener("dragover", (event) => {
    const hasFiles = event.dataTransfer.types.includes("Files");
    if (!hasFiles && event.target.matches?.("textarea")) return; // text dropped into the box is the browser's
    event.preventDefault();
    view.dropTarget(isOpen());
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) view.dropTarget(false);
  });
  addEventListener("drop", (event) => {
    view.dropTarget(false);
    const files = [...event.dataTransfer.files];
    if (files.length === 0 && event.target.matches?.("textarea")) return;
    event.preventDefault(); // or the browser would leave the page for the file
    if (!isOpen()) return;
    if (files.length > 0) keepFiles(files);
    else keepLoose(event.dataTransfer.getData("text/plain"));
  });
  addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    const isIntoField = event.target.closest?.("input, textarea") && (text !== "" || files.length === 0);
    if (isIntoField || !isOpen() || (text === "" && files.length === 0)) return;
    event.preventDefault();
    if (text !== "") keepLoose(text);
    else keepFiles(files);
  });
}

/** A device that wakes up, or is back on the network, finds out at once whether its connection still is. */
function wireAwakening() {
  addEventListener("online", () => handle({ type: "network", online: true }));
  addEventListener("offline", () => handle({ type: "network", online: false }));
  addEventListener("pageshow", (event) => event.persisted && handle({ type: "wake" }));
  addEventListener("pagehide", () => {
    for (const [target, timer] of [...unstored]) {
      clearTimeout(timer);
      storeText(target);
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden || handle({ type: "wake" }));
}
