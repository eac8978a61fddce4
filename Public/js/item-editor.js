// Items edited in place: the text of an item's row becomes a live box until "Done".

import { Field } from "./field.js";
import { overLimit, countBytes } from "./wording.js";

export class ItemEditors {
  /**
   * @param {{typed: (item: number, ops: object) => void, closed: (item: number) => void}} does
   */
  constructor(does) {
    this.does = does;
    this.open = new Map(); // item number -> {row, field, note}
  }

  /** Opens the item of a row with its live text. */
  start(row, number, text) {
    if (this.open.has(number)) return;
    const frame = document.createElement("div");
    frame.className = "live editing";
    const box = document.createElement("textarea");
    box.spellcheck = false;
    box.autocapitalize = "none";
    box.dir = "auto";
    box.rows = Math.min(20, Math.max(3, text.split("\n", 20).length + 1));
    box.setAttribute("aria-label", `Text of item ${number}`);
    const note = document.createElement("p");
    note.className = "note problem";
    note.setAttribute("aria-live", "polite");
    note.hidden = true;
    frame.append(box, note);
    row.querySelector(".text").before(frame);
    row.classList.add("edited");
    const field = new Field(box, { typed: (ops) => this.does.typed(number, ops) });
    field.set(text);
    const isDone = (event) =>
      event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
    box.addEventListener("keydown", (event) => {
      if (!isDone(event) || event.isComposing) return;
      event.preventDefault();
      this.stop(number);
      row.querySelector("[data-do=edit]").focus();
    });
    this.open.set(number, { row, field, note });
    label(row, true);
    box.focus();
    box.setSelectionRange(0, 0);
  }

  /** Closes it; what was typed is on its way. */
  stop(number) {
    const held = this.open.get(number);
    if (!held) return;
    held.field.settle();
    this.close(number);
    this.does.closed(number);
  }

  /** The same, without telling: the item is gone. */
  close(number) {
    const held = this.open.get(number);
    if (!held) return;
    this.open.delete(number);
    held.row.querySelector(".live").remove();
    held.row.classList.remove("edited");
    label(held.row, false);
  }

  change(number, ops) {
    this.open.get(number)?.field.change(ops);
  }

  /** Says what keeps the typed text from being taken; read-only once nothing is taken any more. */
  tell(session, limitBytes) {
    for (const [number, { field, note }] of this.open) {
      const live = session.desk.texts.get(number);
      const isOver = live?.problem && countBytes(live.text) > limitBytes;
      const text = isOver ? overLimit(countBytes(live.text), limitBytes) : (live?.problem ?? "");
      if (note.textContent !== text) note.textContent = text;
      note.hidden = text === "";
      field.box.readOnly = !session.paste.may("edit");
    }
  }
}

function label(row, isOpen) {
  const button = row.querySelector("[data-do=edit]");
  if (!button) return;
  button.lastElementChild.textContent = isOpen ? "Done" : "Edit";
  button.setAttribute("aria-label", `${isOpen ? "Done with" : "Edit"} item ${row.dataset.item}`);
}
