// The other device's fresh text, marked for a moment. A textarea can't mark its text; a layer behind it, with the
// same text, can. It only exists while something is marked, and never for texts so long that it would be felt.

import { moved } from "./splice.js";

/** How long text counts as fresh, in milliseconds; the style sheet fades it. */
const FRESH = 1_600;
/** Longer texts, and more marks than these, are not marked. */
const MOST_LENGTH = 60_000;
const MOST_MARKS = 100;

export class Fresh {
  /** @param {HTMLTextAreaElement} box in an element of its own that the layer is put into */
  constructor(box) {
    this.box = box;
    this.marks = []; // {start, end, at}, ascending
    this.layer = null;
    this.frame = 0;
    box.addEventListener("scroll", () => this.#follow(), { passive: true });
  }

  /** The text changed; what was inserted is fresh when somebody else did it. */
  moved(splices, isFresh = false) {
    if (!isFresh && this.marks.length === 0) return;
    for (const mark of this.marks) {
      mark.start = moved(mark.start + 1, splices) - 1;
      mark.end = moved(mark.end, splices);
    }
    if (isFresh) this.#add(splices);
    this.marks = this.marks.filter(({ start, end }) => start >= 0 && end > start);
    this.frame ||= requestAnimationFrame(() => this.#draw());
  }

  #add(splices) {
    const at = performance.now();
    let shift = 0;
    for (const { start, end, insert } of splices) {
      const from = start + shift;
      if (insert.trim() !== "") this.marks.push({ start: from, end: from + insert.length, at });
      shift += insert.length - (end - start);
    }
    this.marks = joined(this.marks.sort((a, b) => a.start - b.start)).slice(-MOST_MARKS);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#draw(), FRESH);
  }

  #draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const now = performance.now();
    this.marks = this.marks.filter(({ at }) => now - at < FRESH);
    const { value } = this.box;
    if (this.marks.length === 0 || value.length > MOST_LENGTH || this.box.getClientRects().length === 0) {
      this.layer?.remove();
      this.layer = null;
      return;
    }
    if (!this.layer) {
      this.layer = document.createElement("div");
      this.layer.className = "fresh";
      this.layer.setAttribute("aria-hidden", "true");
      this.layer.append(document.createElement("div"));
      this.box.before(this.layer);
    }
    const parts = [];
    let at = 0;
    for (const { start, end, at: since } of this.marks) {
      const mark = document.createElement("mark");
      mark.textContent = value.slice(start, end);
      mark.style.animationDelay = `${since - now}ms`;
      parts.push(value.slice(at, start), mark);
      at = end;
    }
    // The rest decides how the last line wraps.
    parts.push(value.slice(at, value.indexOf("\n", at) === -1 ? undefined : value.indexOf("\n", at)));
    this.layer.firstChild.replaceChildren(...parts);
    this.layer.style.width = `${this.box.clientWidth}px`;
    this.layer.style.height = `${this.box.clientHeight}px`;
    this.#follow();
  }

  #follow() {
    if (this.layer) this.layer.firstChild.style.transform = `translateY(${-this.box.scrollTop}px)`;
  }
}

/** Marks that touch are one, as fresh as the older of them: it fades while the other device goes on typing. */
function joined(marks) {
  const list = [];
  for (const mark of marks) {
    const last = list.at(-1);
    if (last && mark.start <= last.end && mark.at - last.at < FRESH / 4) last.end = Math.max(last.end, mark.end);
    else if (last && mark.start < last.end) list.push({ ...mark, start: last.end, end: Math.max(last.end, mark.end) });
    else list.push(mark);
  }
  return list;
}
