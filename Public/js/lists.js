// The items, newest first, and above them what has not arrived: two keyed lists.
//
// An item's element is made once and only touched when its item object was replaced. New elements are made in
// slices, so that thousands of items don't hold up the page.

import { fillText } from "./shown-text.js";

/** Elements made in one frame: at least so many, and more for so long, in milliseconds. */
const LEAST = 50;
const SLICE = 24;
/** A request that is answered sooner than this, in milliseconds, is never shown as waiting. */
const SETTLE = 600;

export class ItemList {
  constructor(list) {
    this.list = list;
    this.rows = new Map(); // item number -> {row, item}
    this.frame = 0;
    this.isFirst = true; // items of the first snapshot are not news
  }

  /** Makes the list show `paste.items`; `removing` and `held` tell of a number that its removal was asked for. */
  render(paste, removing, held) {
    cancelAnimationFrame(this.frame);
    for (const verb of ["edit", "remove"]) this.list.classList.toggle(`no-${verb}`, !paste.may(verb));
    this.list.classList.toggle("no-raw", paste.phase === "over");
    this.#removeMissing(paste.items);
    let [made, until] = [0, 0];
    let next = this.list.firstElementChild;
    const items = [...paste.items.values()].sort((a, b) => b.number - a.number);
    for (const item of items) {
      let shown = this.rows.get(item.number);
      if (!shown) {
        made += 1;
        if (made === 1) until = performance.now() + SLICE;
        if (made > LEAST && performance.now() > until) {
          this.frame = requestAnimationFrame(() => this.render(paste, removing, held));
          return;
        }
        shown = { row: itemRow(item, paste, !this.isFirst), item };
        this.rows.set(item.number, shown);
      } else if (shown.item !== item) {
        shown.item = item;
        fillText(shown.row, item.text);
      }
      const { row } = shown;
      row.classList.toggle("leaving", removing.has(item.number));
      row.classList.toggle("gone", held.has(item.number));
      if (row === next) next = next.nextElementSibling;
      else this.list.insertBefore(row, next);
    }
    if (paste.loaded) this.isFirst = false;
  }

  /** The item that an element belongs to. */
  itemOf(element) {
    return this.rows.get(Number(element.closest("li")?.dataset.item))?.item;
  }

  #removeMissing(items) {
    for (const [number, { row }] of this.rows) {
      if (items.has(number)) continue;
      this.rows.delete(number);
      if (row.contains(document.activeElement)) passFocusOn(row);
      row.remove();
    }
  }
}

export class OutgoingList {
  constructor(list) {
    this.list = list;
    this.rows = new Map(); // ref -> {row, entry, since}
  }

  render(session, now, again) {
    const entries = [...session.outbox.returned(), ...session.outbox.unanswered()].filter((e) => e.verb === "append");
    entries.push(...keeping(session));
    const refs = new Set(entries.map((entry) => entry.ref));
    for (const [ref, { row }] of this.rows) {
      if (refs.has(ref)) continue;
      this.rows.delete(ref);
      if (row.contains(document.activeElement)) passFocusOn(row);
      row.remove();
    }
    let isSettling = false;
    const isQuiet = session.connection !== "live";
    for (const entry of entries) {
      const held = this.rows.get(entry.ref) ?? this.#make(entry, now);
      const isReturned = entry.state === "refused" || entry.state === "aside";
      if (held.entry?.state !== entry.state || held.isReturned !== isReturned) describe(held, entry, isReturned);
      const isShown = isReturned || isQuiet || now - held.since >= SETTLE;
      if (held.row.hidden === isShown) held.row.hidden = !isShown;
      if (!isShown) isSettling = true;
      const again = held.row.querySelector("[data-do=again]");
      again.hidden = !isReturned || !session.paste.may(entry.verb);
    }
    clearTimeout(this.timer);
    if (isSettling) this.timer = setTimeout(again, SETTLE);
  }

  /** What the row of an element shows. */
  entryOf(element) {
    const { ref } = element.closest("li")?.dataset ?? {};
    return [...this.rows.values()].find(({ row }) => row.dataset.ref === ref)?.entry;
  }

  #make(entry, now) {
    const row = copyOf("outgoing-row");
    row.dataset.ref = String(entry.ref);
    fillText(row, entry.fields.text);
    this.list.prepend(row);
    const held = { row, entry: null, isReturned: null, since: now };
    this.rows.set(entry.ref, held);
    return held;
  }
}

/** Texts that will be items when the pad's `keep` is done, as entries. */
function* keeping(session) {
  for (const [at, text] of session.desk.pad.keeping().entries()) {
    yield { ref: `keep ${at} ${text.length}`, verb: "append", fields: { text }, state: "waiting" };
  }
}

function describe(held, entry, isReturned) {
  held.entry = entry;
  held.isReturned = isReturned;
  held.row.classList.toggle("returned", isReturned);
  held.row.querySelector(".reason").textContent = isReturned ? `Not kept. ${entry.message ?? ""}` : "Not sent yet";
  held.row.querySelector("[data-do=discard]").hidden = !isReturned;
}

function itemRow(item, paste, isNew) {
  const row = copyOf("item-row");
  row.classList.toggle("new", isNew);
  row.dataset.item = String(item.number);
  const [number, time, who] = row.querySelectorAll(".number, .when, .who");
  number.textContent = `#${item.number}`;
  time.textContent = clock(item.at);
  time.dateTime = new Date(item.at).toISOString();
  who.textContent = item.by !== undefined && item.by === paste.you ? "this device" : "";
  row.querySelector("[data-do=stay]").setAttribute("aria-label", `Undo the removal of item ${item.number}`);
  for (const button of row.querySelectorAll(".actions > *")) {
    button.setAttribute("aria-label", `${button.title || button.textContent} item ${item.number}`);
  }
  row.querySelector("[data-do=raw]").href = `/${encodeURIComponent(paste.key)}/items/${item.number}`;
  fillText(row, item.text);
  return row;
}

/** A copy of the row that the page has as a template. */
function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function passFocusOn(row) {
  const near = row.nextElementSibling ?? row.previousElementSibling;
  (near?.querySelector("[data-do=copy]") ?? document.getElementById("box"))?.focus();
}

const TIME = { hour: "2-digit", minute: "2-digit" };
const TODAY = new Intl.DateTimeFormat(undefined, TIME);
const EARLIER = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", ...TIME });

function clock(at) {
  return (at >= new Date().setHours(0, 0, 0, 0) ? TODAY : EARLIER).format(at);
}
