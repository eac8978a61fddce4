// What a person can do on the page, and what is said of it.

import { copySelectionExactly, copyText } from "./clipboard.js";
import { wireComposer } from "./composer.js";
import { addressOf, at, leave, made, normaliseKey, show } from "./frame.js";
import { keepPage, reloadNewest, takeShared } from "./installed.js";
import { wireIntake } from "./intake.js";
import { ItemEditors } from "./item-editor.js";
import { wireKeys } from "./keys.js";
import { entryOf, renderOutgoing } from "./outgoing.js";
import { forget, forgetAll, recent, remember } from "./recent.js";
import { Removals } from "./removals.js";
import { showWhole } from "./whole-text.js";
import { toast } from "./toast.js";
import { arrived, items } from "./view.js";
import { countLines, plural, timeLeft } from "./wording.js";

/** The limit that holds until the server has told its own. */
const LIMIT_BEFORE_WELCOME = 1 << 20;
/** Items that come within so many milliseconds are told together. */
const ARRIVALS = 300;
/** How long a button waits for the second press that means it, in milliseconds. */
const ARMED = 4_000;

let session, store, handle, render; // what the page gave
let composer, editors, removals, intake;
let arrivals = 0;
let noted = "";
let told = "";

/**
 * @param {{session: import("./session.js").Session, store: import("./store.js").Store, handle: (event: object) => void,
 *   render: () => void, shown: string}} page `shown`: what the pad's box was given
 * @returns what the page tells: that it is rendered, that the session took an event, and its effects
 */
export function wire(page) {
  ({ session, store, handle, render } = page);
  composer = wireComposer({
    typed: (ops) => act("type", { target: "pad", ops }), keep: () => act("keep"), append: keep, limitBytes,
  }, page.shown, session.desk.pad.text);
  editors = new ItemEditors({
    typed: (target, ops) => act("type", { target, ops }), closed: (target) => act("close", { target }),
  });
  removals = new Removals({
    send: (item) => act("remove", { item }),
    isWatched: (item) => document.activeElement.matches(`li[data-item="${item}"] [data-do=stay]:focus-visible`),
  });
  intake = wireIntake({
    isOpen: () => session.paste.key !== null && session.paste.may("append"),
    keep,
    state: (ref) => session.outbox.get(ref)?.state,
    limitBytes,
    offer: composer.offer,
    say: toast,
  });
  wirePage();
  renderRecent(recent(Date.now()));
  keepPage();
  takeShared(session.paste.may("append") ? session.paste.key : null, intake);
  return { removals, handled, perform, render: renderActs };
}

function act(verb, fields) {
  handle({ type: "act", verb, ...fields });
}

function limitBytes() {
  return session.limits?.textBytes ?? LIMIT_BEFORE_WELCOME;
}

function renderActs() {
  renderOutgoing(session, render);
  intake.render();
  note(session.paste);
}

function handled() {
  const { problem = null } = session.desk.pad;
  const now = `${limitBytes()} ${problem}`;
  if (now !== told) composer.tell(problem);
  told = now;
  editors.tell(session, limitBytes());
}

function perform(effect) {
  switch (effect.type) {
    case "text":
      if (effect.target === "pad") return composer.field.change(effect.ops);
      return editors.change(effect.target, effect.ops);
    case "closed": return editors.close(effect.target);
    case "address":
      store.moveTo(effect.paste);
      history.pushState(null, "", addressOf(effect.paste));
      takeShared(effect.paste, intake);
      setTimeout(() => {
        render(); // what is hidden can't take the focus
        at("box").focus();
      });
      return;
    case "notice": return tell(effect);
  }
}

function tell({ kind, item, message }) {
  switch (kind) {
    case "kept": return intake.isBusy() || toast("Kept.");
    case "arrived":
      arrived();
      arrivals += 1;
      if (arrivals === 1) setTimeout(sayArrivals, ARRIVALS, item);
      return;
    case "extended": return toast(`Time left: ${timeLeft(session.paste.expiresAt - Date.now() - session.clockOffset)}.`);
    case "expired": return toast("The time of this paste is over.");
    case "deleted": return toast("This paste was deleted.");
    case "returned": return toast(message ?? "A text was not kept. It is still here.");
    default: return toast(message ?? "That did not work.");
  }
}

/** Many at once are told in one sentence. */
function sayArrivals(first) {
  const text = session.paste.items.get(first)?.text;
  toast(arrivals > 1 || text === undefined ? `${plural(arrivals, "new item")}.` : `New item, ${plural(countLines(text), "line")}.`);
  arrivals = 0;
}

/** Remembers on this device which pastes there are. */
function note(paste) {
  const { phase, expiresAt } = paste;
  const state = `${phase} ${expiresAt}`;
  if (state === noted) return;
  noted = state;
  if (phase === "open") remember(paste, expiresAt - session.clockOffset);
  else if (phase === "over" || phase === "unknown") forget(paste);
}

/** Makes an item; returns its ref, 0 when this paste takes no more. */
function keep(text) {
  if (!session.paste.may("append")) return 0;
  act("append", { text });
  return session.outbox.next - 1;
}

function wirePage() {
  const on = (id, type, handler) => at(id).addEventListener(type, handler);
  on("make", "submit", (event) => {
    event.preventDefault();
    act("create", { expiresIn: Number(at("life").value) });
  });
  for (const [form, field] of [["open", "key"], ["open-again", "key-again"]]) {
    on(form, "submit", (event) => {
      event.preventDefault();
      const typed = normaliseKey(at(field).value);
      if (typed !== null) return location.assign(`/${typed}`);
      at(field).setCustomValidity("A key is three words, or six letters and digits.");
      at(field).reportValidity();
    });
    on(field, "input", ({ target }) => target.setCustomValidity(""));
  }
  on("copy-link", "click", () => copy(addressOf(session.paste.key), "Link copied."));
  on("share", "click", () => {
    navigator.share({ title: "Pasted", url: addressOf(session.paste.key) }).catch(() => {}); // or the person thought better of it
  });
  wireMenu(on);
  on("reload", "click", reloadNewest);
  for (const [way, nothing] of [["undo", "Nothing of yours to undo."], ["redo", "Nothing to redo."]]) {
    on(way, "click", () => composer.field.step(way) || toast(nothing));
    on(way, "pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  }
  on("items", "click", ({ target }) => itemPressed(target));
  on("outgoing", "click", ({ target }) => outgoingPressed(target));
  on("recent-clear", "click", () => {
    forgetAll();
    renderRecent([]);
    at("key").focus();
  });
  copySelectionExactly();
  wireWrap();
  wireKeys(store);
  addEventListener("popstate", () => location.reload());
}

/** The time, and the end of it. */
function wireMenu(on) {
  const menu = at("change");
  at("delete").before(...[...at("life").options].map(({ value, text }) => {
    const button = made("button", text);
    button.dataset.life = value;
    return button;
  }));
  const close = () => {
    menu.open = false;
    menu.querySelector("summary").focus();
  };
  on("change", "click", ({ target }) => {
    const { life } = target.dataset;
    if (life === undefined) return;
    act("extend", { expiresIn: Number(life) });
    close();
  });
  on("change", "keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("click", ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
  on("delete", "click", ({ target }) => {
    if (!isArmed(target, "Press again to delete everything")) return;
    leave(menu);
    menu.open = false;
    act("delete");
  });
}

function itemPressed(target) {
  const item = items.itemOf(target);
  if (!item) return;
  const { number, text } = item;
  const row = target.closest("li");
  switch (target.closest("[data-do]")?.dataset.do) {
    case "copy": copy(text); break;
    case "whole": showWhole(row, text); break;
    case "edit": {
      if (editors.open.has(number)) return editors.stop(number);
      if (!session.paste.may("edit")) return;
      act("open", { target: number });
      return editors.start(row, number, session.desk.texts.get(number).text);
    }
    case "download": return download(number, text);
    case "remove":
    case "stay": {
      const isStaying = removals.has(number);
      if (isStaying) removals.takeBack(number);
      else removals.begin(number);
      render();
      return row.querySelector(isStaying ? "[data-do=remove]" : "[data-do=stay]").focus();
    }
  }
}

function outgoingPressed(target) {
  const { ref, fields: { text } = {} } = entryOf(target) ?? {};
  switch (target.closest("[data-do]")?.dataset.do) {
    case "copy": copy(text); break;
    case "whole": showWhole(target.closest("li"), text); break;
    case "again": act("again", { ref }); break;
    case "discard":
      if (isArmed(target, "Really?")) act("discard", { ref });
  }
}

async function copy(text, what = `Copied ${plural(countLines(text), "line")}.`) {
  toast((await copyText(text)) ? what : "The browser refused the clipboard. Select the text and copy it by hand.");
}

/** Hands an item over as a file, from memory: it works while offline, and when the paste is over. */
function download(number, text) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(made("a"), { href, download: `pasted-${number}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** The pastes that this device had open. */
function renderRecent(list) {
  show("recent", list.length > 0);
  at("recent-list").replaceChildren(...list.map(({ key, expiresAt }) => {
    const link = made("a", key);
    link.href = addressOf(key);
    return made("li", link, made("span", `${timeLeft(expiresAt - Date.now())} left`));
  }));
}

/** Whether long lines wrap is remembered on this device. */
function wireWrap() {
  const { classList } = at("paste");
  const button = at("wrap");
  const tell = () => {
    button.ariaPressed = !classList.contains("nowrap");
  };
  tell();
  button.addEventListener("click", () => {
    store.prefer("wrap", classList.toggle("nowrap") ? "off" : "on");
    tell();
  });
}

/** What can't be undone takes two presses: the first asks. */
function isArmed(button, question) {
  const { classList, textContent } = button;
  if (classList.contains("armed")) return true;
  classList.add("armed");
  button.textContent = at("spoken").textContent = question;
  setTimeout(() => {
    classList.remove("armed");
    button.textContent = textContent;
  }, ARMED);
  return false;
}
