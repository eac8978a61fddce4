// The items, newest first: a keyed list.
//
// An item's element is made once and only touched when its item object was replaced. New elements are made in
// slices, so that thousands of items don't hold up the page.

import { at, leave } from "./frame.js";
import { fillText } from "./shown-text.js";

/** Elements made in one frame: at least so many, and more for so long, in milliseconds. */
const LEAST = 50;
const SLICE = 24;

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

function itemRow(item, paste, isNew) {
  const row = copyOf("item-row");
  row.classList.toggle("new", isNew);
  row.dataset.item = String(item.number);
  const [number, time, who] = row.querySelectorAll(".number, .when, .who");
  number.textContent = `#${item.number}`;
  time.textContent = clock(item.at);
  time.dateTime = new Date(item.at).toISOString();
  who.textContent = item.by !== undefined && item.by === paste.you ? "this device" : "";
  row.querySelector("[data-do=stay]").ariaLabel = `Undo the removal of item ${item.number}`;
  for (const button of row.querySelectorAll(".actions > *")) {
    button.ariaLabel = `${button.title || button.textContent} item ${item.number}`;
  }
  row.querySelector("[data-do=raw]").href = `/${encodeURIComponent(paste.key)}/items/${item.number}`;
  fillText(row, item.text);
  return row;
}

/** A copy of the row that the page has as a template. */
export function copyOf(id) {
  return at(id).content.firstElementChild.cloneNode(true);
}

/** Focuses what is likeliest wanted of a row. */
export function focusRow(row) {
  row?.querySelector(row.matches(".gone") ? "[data-do=stay]" : "[data-do=copy]")?.focus();
}

export function passFocusOn(row) {
  at("box").focus();
  focusRow(row.nextElementSibling ?? row.previousElementSibling);
  leave(row); // where neither can take it
}

const TIME = { hour: "2-digit", minute: "2-digit" };
const TODAY = new Intl.DateTimeFormat(undefined, TIME);
const EARLIER = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", ...TIME });

function clock(at) {
  return (at >= new Date().setHours(0, 0, 0, 0) ? TODAY : EARLIER).format(at);
}
