// Items edited in place: the text of an item's row becomes a live box until "Done".

import { leave, made } from "./frame.js";
import { Field } from "./field.js";
import { overLimit } from "./texts.js";
import { countBytes } from "./wording.js";

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
    const [box, note] = [made("textarea", text), made("p")];
    const frame = made("div", box, note);
    frame.className = "live editing";
    Object.assign(box, { spellcheck: false, autocapitalize: "none", dir: "auto", ariaLabel: `Text of item ${number}` });
    box.rows = Math.min(20, Math.max(3, text.split("\n", 20).length + 1));
    Object.assign(note, { className: "note problem", ariaLive: "polite", hidden: true });
    row.querySelector(".text").before(frame);
    const field = new Field(box, { typed: (ops) => this.does.typed(number, ops) });
    field.start(text, text);
    box.addEventListener("keydown", (event) => {
      const isDone = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
      if (!isDone || event.isComposing) return;
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
    this.open.get(number).field.settle();
    this.close(number);
    this.does.closed(number);
  }

  /** The same, without telling: the item is gone. */
  close(number) {
    const { row } = this.open.get(number) ?? {};
    if (!row) return;
    this.open.delete(number);
    const frame = row.querySelector(".live");
    leave(frame);
    frame.remove();
    label(row, false);
  }

  change(number, ops) {
    this.open.get(number)?.field.change(ops);
  }

  /** Says what keeps the typed text from being taken; read-only once nothing is taken any more. */
  tell(session, limitBytes) {
    for (const [number, { field, note }] of this.open) {
      const { problem, text } = session.desk.texts.get(number) ?? {};
      const bytes = problem ? countBytes(text) : 0;
      const said = bytes > limitBytes ? overLimit(bytes, limitBytes) : (problem ?? "");
      if (note.textContent !== said) note.textContent = said; // or a screen reader would say it with every key
      note.hidden = !problem;
      field.box.readOnly = !session.paste.may("edit");
    }
  }
}

function label(row, isOpen) {
  const button = row.querySelector("[data-do=edit]");
  row.classList.toggle("edited", isOpen);
  button.lastElementChild.textContent = isOpen ? "Done" : "Edit";
  button.ariaLabel = `${isOpen ? "Done with" : "Edit"} item ${row.dataset.item}`;
}
