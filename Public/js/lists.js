// The items, newest first, and above them what has not arrived: two keyed lists.
//
// An item's element is made once and only touched when its item object was replaced. New elements are made in
// slices, so that thousands of items don't hold up the page, and long texts show their beginning until asked.

import { countBytes, countLines, measure, plural, size } from "./wording.js";

/** Elements made in one frame. */
const SLICE = 150;
/** What of a text is shown before "Show all": lines and characters. */
const PREVIEW_LINES = 24;
const PREVIEW_LENGTH = 4_000;
/** A request that is answered sooner than this, in milliseconds, is never shown as waiting. */
const SETTLE = 600;

export class ItemList {
  constructor(list) {
    this.list = list;
    this.rows = new Map(); // item number -> {row, item}
    this.frame = 0;
    this.isFirst = true; // items of the first snapshot are not news
  }

  /** Makes the list show `paste.items`. */
  render(paste, removing) {
    cancelAnimationFrame(this.frame);
    for (const verb of ["edit", "remove"]) this.list.classList.toggle(`no-${verb}`, !paste.may(verb));
    this.list.classList.toggle("no-raw", paste.phase === "over");
    this.#removeMissing(paste.items);
    let budget = SLICE;
    let next = this.list.firstElementChild;
    const items = [...paste.items.values()].sort((a, b) => b.number - a.number);
    for (const item of items) {
      let held = this.rows.get(item.number);
      if (!held) {
        if (budget === 0) {
          this.frame = requestAnimationFrame(() => this.render(paste, removing));
          return;
        }
        budget -= 1;
        held = { row: itemRow(item, paste, !this.isFirst), item };
        this.rows.set(item.number, held);
      } else if (held.item !== item) {
        held.item = item;
        fillText(held.row, item.text);
      }
      held.row.classList.toggle("leaving", removing.has(item.number));
      if (held.row === next) next = next.nextElementSibling;
      else this.list.insertBefore(held.row, next);
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

/** Shows a text, or its beginning and how to see the rest. */
function fillText(row, text) {
  const preview = beginning(text);
  row.querySelector(".text").textContent = preview;
  row.querySelector(".measure").textContent = measure(text);
  const whole = row.querySelector(".whole");
  whole.hidden = preview.length === text.length;
  const lines = countLines(text);
  const amount = lines > PREVIEW_LINES ? plural(lines, "line") : size(countBytes(text));
  if (!whole.hidden) whole.textContent = `Show all ${amount}`;
}

/** Shows all of a text. */
export function showWhole(row, text) {
  row.querySelector(".text").textContent = text;
  const whole = row.querySelector(".whole");
  const isFocused = whole === document.activeElement;
  whole.hidden = true;
  if (isFocused) row.querySelector("[data-do=copy]").focus();
}

function beginning(text) {
  let end = 0;
  for (let lines = 0; lines < PREVIEW_LINES; lines += 1) {
    const at = text.indexOf("\n", end);
    if (at === -1) {
      end = text.length;
      break;
    }
    end = at + 1;
  }
  if (end > PREVIEW_LENGTH) {
    end = PREVIEW_LENGTH;
    const unit = text.charCodeAt(end - 1);
    if (unit >= 0xd800 && unit < 0xdc00) end -= 1;
  }
  return text.slice(0, end);
}

function passFocusOn(row) {
  const near = row.nextElementSibling ?? row.previousElementSibling;
  (near?.querySelector("[data-do=copy]") ?? document.getElementById("box"))?.focus();
}

function clock(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(undefined, isToday ? time : { day: "numeric", month: "short", ...time });
}
