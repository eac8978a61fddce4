// The other device's fresh text, marked for a moment. A textarea can't mark its text; a layer behind it, with the
// same text, can. It only exists while something is marked, reaches no further than the last mark, and lays out
// only what changed, so that it costs less than the box itself needs for the same change, however long the text is.

import { moved } from "./splice.js";

/** How long text counts as fresh, in milliseconds; the style sheet fades it. */
const FRESH = 1_600;
/** More marks than these are not shown: the newest are. */
const MOST_MARKS = 100;
/** From so many characters on a block of the layer ends with its line. */
const BLOCK = 4_096;

export class Fresh {
  /** @param {HTMLTextAreaElement} box in an element of its own that the layer is put into */
  constructor(box) {
    this.box = box;
    this.marks = []; // {start, end, at}, ascending
    this.layer = null;
    this.frame = 0;
    box.addEventListener("scroll", () => this.#follow(), { passive: true });
  }

  /** What the box shows changed; what was inserted is fresh when somebody else did it. */
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
    this.marks = joined(this.marks.sort((a, b) => a.start - b.start));
    if (this.marks.length > MOST_MARKS) {
      const oldest = this.marks.map((mark) => mark.at).sort((a, b) => b - a)[MOST_MARKS - 1];
      this.marks = this.marks.filter((mark) => mark.at >= oldest).slice(0, MOST_MARKS);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#draw(), FRESH);
  }

  #draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const now = performance.now();
    this.marks = this.marks.filter(({ at }) => now - at < FRESH);
    if (this.marks.length === 0 || this.box.getClientRects().length === 0) {
      this.layer?.element.remove();
      this.layer = null;
      return;
    }
    this.layer ??= new Layer(this.box);
    this.layer.show(this.box.value, this.marks, now);
    this.#follow();
  }

  #follow() {
    this.layer?.scroll(this.box.scrollTop);
  }
}

/** The layer: blocks of whole lines, kept while their text stays the same. */
class Layer {
  constructor(box) {
    this.box = box;
    this.blocks = []; // {text, node, isMarked}, one behind the other
    this.element = document.createElement("div");
    this.element.className = "fresh";
    this.element.setAttribute("aria-hidden", "true");
    this.inner = document.createElement("div");
    this.element.append(this.inner);
    box.before(this.element);
  }

  show(value, marks, now) {
    // The rest of the last marked line decides how it wraps; what is below it decides nothing.
    const lineEnd = value.indexOf("\n", marks.at(-1).end);
    const text = lineEnd === -1 ? value : value.slice(0, lineEnd);
    this.#divide(text);
    this.#mark(marks, now);
    this.element.style.width = `${this.box.clientWidth}px`;
    this.element.style.height = `${this.box.clientHeight}px`;
  }

  scroll(top) {
    this.inner.style.transform = `translateY(${-top}px)`;
  }

  /** Makes the blocks those of the text: what stands before and behind the change stays. */
  #divide(text) {
    const { blocks } = this;
    let [first, start] = [0, 0];
    while (first < blocks.length && isWhole(blocks[first].text, text, start)) start += blocks[first++].text.length;
    let [last, end] = [blocks.length, text.length];
    const isBefore = (block, at) => at >= start && text.startsWith(block, at) && (at === start || text[at - 1] === "\n");
    while (last > first && isBefore(blocks[last - 1].text, end - blocks[last - 1].text.length)) end -= blocks[--last].text.length;
    const made = parts(text.slice(start, end)).map((part) => ({ text: part, node: document.createElement("div"), isMarked: true }));
    const next = blocks[last]?.node ?? null;
    for (const { node } of blocks.splice(first, last - first, ...made)) node.remove();
    for (const { node } of made) this.inner.insertBefore(node, next);
  }

  #mark(marks, now) {
    let at = 0;
    let next = 0;
    for (const block of this.blocks) {
      const end = at + block.text.length;
      while (next < marks.length && marks[next].end <= at) next += 1;
      const isMarked = next < marks.length && marks[next].start < end;
      if (isMarked || block.isMarked) block.node.replaceChildren(...pieces(block.text, at, marks.slice(next), now));
      block.isMarked = isMarked;
      at = end;
    }
  }
}

/** Whether a block stands at that place still, with the end of its line. */
function isWhole(block, text, at) {
  return text.startsWith(block, at) && (block.endsWith("\n") || at + block.length === text.length);
}

/** Blocks of whole lines; the last one may lack its line end. */
function parts(text) {
  const list = [];
  for (let at = 0; at < text.length;) {
    const lineEnd = text.indexOf("\n", at + BLOCK);
    const end = lineEnd === -1 ? text.length : lineEnd + 1;
    list.push(text.slice(at, end));
    at = end;
  }
  return list;
}

/** A block's text with its marks as elements. */
function pieces(text, start, marks, now) {
  const list = [];
  let at = start;
  for (const each of marks) {
    const [from, to] = [Math.max(each.start, start), Math.min(each.end, start + text.length)];
    if (from >= to) break;
    const mark = document.createElement("mark");
    mark.textContent = text.slice(from - start, to - start);
    mark.style.animationDelay = `${each.at - now}ms`;
    list.push(text.slice(at - start, from - start), mark);
    at = to;
  }
  list.push(text.slice(at - start));
  return list;
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
