// A live text in a plain textarea: what the person does becomes edits, what others do moves no caret.
//
// While an input method composes, what others do waits: a textarea that is written to would end the composition.
// Browsers differ in how they tell its end, and some never do; so any sign will do, and patience has an end.

import { Fresh } from "./fresh.js";
import { asShown, moved, opsOf, shownOffset, shownSplices, splicesOf, spliceBetween, textOffset } from "./splice.js";
import { compose, diff, inverse, transform } from "./text.js";
import { wellFormed } from "./texts.js";
import { Undo } from "./undo.js";

/** A composition that says nothing for so long, in milliseconds, no longer keeps others' text waiting. */
const COMPOSITION_PATIENCE = 4_000;
/** Others' changes are shown at most this often, in milliseconds, and for at most half of the time: where showing one
 * takes long, in a huge text, the person can still type. */
const SHOWN_EVERY = 16;
/** So far from a corner of the box, in pixels, is its text. */
const INSIDE = 16;
/** With more changes at once the whole text is set. */
const MOST_SPLICES = 8;

export class Field {
  /**
   * @param {HTMLTextAreaElement} box
   * @param {{typed: (ops: import("./text.js").Ops) => void, changed?: () => void}} does `typed` gets an edit of the
   *   text as it is with everything that `change` was told
   */
  constructor(box, does) {
    this.box = box;
    this.does = does;
    this.text = ""; // what the box shows, with exact line ends
    this.waiting = []; // what others did that the box does not show yet
    this.undo = new Undo();
    this.fresh = new Fresh(box);
    this.isComposing = false;
    this.selection = null;
    this.shownAt = -Infinity;
    this.showingTook = 0;
    this.#listen();
  }

  /** Begins with a box that was given `shown`, and may have been typed into; the text is `text` by now. */
  start(shown, text) {
    this.text = shown;
    this.waiting = diff(shown, text);
    this.settle();
  }

  /** Others changed the text. */
  change(ops) {
    this.waiting = this.waiting.length === 0 ? ops : compose(this.waiting, ops);
    if (this.isComposing || this.timer) return;
    const since = performance.now() - this.shownAt;
    const rest = Math.max(SHOWN_EVERY, this.showingTook) - since;
    if (rest <= 0) this.#showWaiting();
    else this.timer = setTimeout(() => this.#showWaiting(), rest);
  }

  /** Changes the text in the person's name: it can be undone, and goes to the others. */
  perform(ops) {
    this.#showWaiting();
    const back = inverse(this.text, ops);
    if (back === null || ops.length === 0 || this.box.readOnly) return;
    this.undo.did(back, { at: 0, start: 0, end: -1, isTyping: false });
    this.#write(ops, true);
    this.does.typed(ops);
  }

  /** Takes one step of one's own back, or forth again; false when there is none. */
  step(way) {
    if (this.box.readOnly) return false;
    this.#read(null); // what an input method left in the box
    this.#showWaiting();
    const ops = way === "undo" ? this.undo.undo() : this.undo.redo();
    const back = ops && inverse(this.text, ops);
    if (!back) return false;
    if (way === "undo") this.undo.undone(back);
    else this.undo.redone(back);
    this.#write(ops, true);
    this.does.typed(ops);
    return true;
  }

  /** Takes over what the box holds and shows what waits; called before the box is judged by its text. */
  settle() {
    this.#composed();
    this.#read(null);
    this.#showWaiting();
  }

  #listen() {
    const { box } = this;
    box.addEventListener("beforeinput", (event) => {
      if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
        event.preventDefault();
        this.step(event.inputType === "historyUndo" ? "undo" : "redo");
      } else {
        this.selection = this.isComposing ? null : { start: box.selectionStart, end: box.selectionEnd };
      }
    });
    box.addEventListener("input", (event) => {
      this.#read(this.selection, event.inputType === "insertText" || event.inputType?.startsWith("deleteContent"));
      this.selection = null;
      if (event.isComposing) this.#wait();
      else this.#composed();
    });
    box.addEventListener("compositionstart", () => {
      clearTimeout(this.ending); // of the one before: in Korean the next begins with the key that ends it
      this.isComposing = true;
      this.#wait();
    });
    box.addEventListener("compositionupdate", () => this.#wait());
    box.addEventListener("compositionend", () => {
      clearTimeout(this.ending);
      this.ending = setTimeout(() => this.#composed()); // Safari tells the last input after this
    });
    box.addEventListener("blur", () => this.#composed());
    box.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
      const key = event.key.toLowerCase();
      const way = key === "z" ? (event.shiftKey ? "redo" : "undo") : key === "y" && !event.metaKey ? "redo" : null;
      if (way === null) return;
      event.preventDefault();
      this.step(way);
    });
  }

  #wait() {
    if (!this.isComposing) return;
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.#composed(), COMPOSITION_PATIENCE);
  }

  #composed() {
    if (!this.isComposing) return;
    clearTimeout(this.patience);
    this.isComposing = false;
    this.#read(null);
    this.#showWaiting();
  }

  /** Finds out what the person did. */
  #read(selection, isTyping = false) {
    const { box } = this;
    const shown = asShown(this.text);
    const { value } = box;
    if (value === shown) return;
    let splice = spliceBetween(shown, value, selection, box.selectionStart);
    const insert = wellFormed(splice.insert);
    const isHalf = insert !== splice.insert;
    const isLetter = isTyping && insert.length <= 2 && splice.end - splice.start <= 2 && insert !== "\n";
    const { start, end } = splice;
    splice = {
      start: textOffset(this.text, start), end: textOffset(this.text, end),
      // A line added to lines that end in CRLF ends in CRLF.
      insert: shown !== this.text && this.text.includes("\r\n") ? insert.replaceAll("\n", "\r\n") : insert,
    };
    const ops = opsOf(this.text, splice);
    this.undo.did(inverse(this.text, ops), {
      at: performance.now(), start, end: start + insert.length, isTyping: isLetter,
    });
    this.text = this.text.slice(0, splice.start) + splice.insert + this.text.slice(splice.end);
    if (isHalf) {
      const caret = box.selectionStart;
      box.value = this.text;
      box.setSelectionRange(caret, caret);
    }
    this.fresh.moved([{ start, end, insert }]);
    const typed = this.waiting.length === 0 ? ops : transform(ops, this.waiting);
    if (this.waiting.length > 0) this.waiting = transform(this.waiting, ops, true);
    this.does.typed(typed);
    this.does.changed?.();
  }

  #showWaiting() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.waiting.length === 0 || this.isComposing) return;
    this.#read(null);
    const ops = this.waiting;
    const began = performance.now();
    this.waiting = [];
    this.undo.over(ops);
    this.#write(ops, false);
    this.shownAt = performance.now();
    this.showingTook = this.shownAt - began;
  }

  /** Applies an edit to the box; the person's own leaves the caret behind it, others' leave it where it stands. */
  #write(ops, isOwn) {
    const { box } = this;
    const { scrollTop, scrollLeft, scrollHeight } = box;
    const before = this.text;
    const splices = splicesOf(before, ops);
    const text = applied(before, splices);
    const isPlain = !before.includes("\r") && !text.includes("\r");
    const changes = isPlain ? splices : shownSplices(before, splices);
    const top = isOwn || scrollTop === 0 ? 0 : this.#top();
    const above = changes.filter(({ start }) => start < top).length;
    let heightBelow = scrollHeight; // what it is once all that is not above has happened
    const places = isPlain ? [box.selectionStart, box.selectionEnd]
      : [box.selectionStart, box.selectionEnd].map((place) => textOffset(before, place));
    const direction = box.selectionDirection;
    this.text = text;
    if (isPlain && splices.length <= MOST_SPLICES) {
      for (const [at, { start, end, insert }] of [...splices.entries()].reverse()) {
        if (at === above - 1 && above < splices.length) heightBelow = box.scrollHeight;
        box.setRangeText(insert, start, end, "preserve");
      }
    } else {
      box.value = text;
      if (above < splices.length) heightBelow = box.scrollHeight;
    }
    const last = splices.at(-1);
    const caret = moved(last.start, splices.slice(0, -1)) + last.insert.length;
    const [from, to] = isOwn ? [caret, caret] : places.map((place) => moved(place, splices));
    const shown = (place) => (isPlain ? place : shownOffset(text, place));
    box.setSelectionRange(shown(from), shown(to), direction);
    if (!isOwn) {
      // What changes above the person's eyes does not move what they look at.
      box.scrollTop = scrollTop + (above > 0 ? box.scrollHeight - heightBelow : 0);
      box.scrollLeft = scrollLeft;
    }
    this.fresh.moved(changes, !isOwn);
    this.does.changed?.();
  }

  /** The offset of what stands at the top in sight; where the browser can't tell, the caret's. */
  #top() {
    const { box } = this;
    const { left, top } = box.getBoundingClientRect();
    const found = document.caretPositionFromPoint?.(left + INSIDE, Math.max(top, 0) + INSIDE);
    if (found?.offsetNode === box) return found.offset;
    return document.activeElement === box ? box.selectionStart : 0;
  }
}

function applied(text, splices) {
  const parts = [];
  let at = 0;
  for (const { start, end, insert } of splices) {
    parts.push(text.slice(at, start), insert);
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}
