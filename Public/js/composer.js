// The pad in its card: the live box, what is said below it, Keep, undo. The pad knows one line end; a text that was
// pasted with CR in it is remembered for a while, and can be kept as an item of its own, exactly.

import { Field } from "./field.js";
import { asShown, opsOf } from "./splice.js";
import { problemWith, wellFormed } from "./texts.js";
import { CRLF_ON_PAD, countBytes, overLimit, padHint, size } from "./wording.js";

/** From this share of the limit on the size is shown while typing. */
const NEAR_LIMIT = 0.8;

export class Composer {
  /**
   * @param {{box: HTMLTextAreaElement, note: HTMLElement, exactButton: HTMLElement}} parts
   * @param {{typed: (ops: object) => void, keep: () => void, append: (text: string) => boolean}} does
   */
  constructor(parts, does) {
    Object.assign(this, parts);
    this.does = does;
    this.limitBytes = 1 << 20;
    this.problem = null; // why the server does not take what stands here
    this.pasted = null; // {text, start, shown}: what was pasted with other line ends, and where it stands
    this.field = new Field(this.box, { typed: (ops) => does.typed(ops), changed: () => this.#changed() });
    this.box.addEventListener("paste", (event) => this.#pasted(event));
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.keep();
      }
    });
    this.exactButton.addEventListener("click", () => this.#keepExactly());
    this.#measure();
  }

  /** Makes an item of the pad; over a limit the text stays where it is and the limit is stated. */
  keep() {
    this.field.settle();
    const problem = problemWith(this.field.text, this.limitBytes);
    if (problem !== null) return this.#say(problem, true);
    this.does.keep();
    this.field.settle();
    this.box.focus();
  }

  /** What the session says: a change of others, a refusal or its end, the limit. */
  change(ops) {
    this.field.change(ops);
  }

  /** Puts a text onto the empty pad; false when something stands there. */
  offer(text) {
    if (this.box.value !== "") return false;
    this.field.perform([asShown(wellFormed(text))]);
    return true;
  }

  tell(problem, limitBytes) {
    if (this.problem === problem && this.limitBytes === limitBytes) return;
    Object.assign(this, { problem, limitBytes });
    this.#measure();
  }

  #pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    this.pasted = null;
    if (!text.includes("\r")) return;
    const start = this.box.selectionStart;
    const shown = asShown(text);
    // The browser inserts it first, as it inserts everything.
    setTimeout(() => {
      this.pasted = { text, start, shown };
      this.#changed();
    });
  }

  /** The pasted text becomes an item, as it was, and leaves the pad. */
  #keepExactly() {
    const { pasted } = this;
    if (!this.#isPastedThere()) return;
    const problem = problemWith(pasted.text, this.limitBytes);
    if (problem !== null) return this.#say(problem, true);
    if (!this.does.append(wellFormed(pasted.text))) return;
    const { start, shown } = pasted;
    this.pasted = null;
    this.field.perform(opsOf(this.field.text, { start, end: start + shown.length, insert: "" }));
    this.box.focus();
  }

  #isPastedThere() {
    const { pasted } = this;
    return pasted !== null && this.box.value.startsWith(pasted.shown, pasted.start);
  }

  #changed() {
    if (this.pasted && !this.#isPastedThere()) this.pasted = null;
    this.#measure();
  }

  #measure() {
    this.exactButton.hidden = this.pasted === null;
    const { text } = this.field ?? { text: "" };
    const bytes = text.length * 3 < this.limitBytes * NEAR_LIMIT ? 0 : countBytes(text);
    if (bytes > this.limitBytes) return this.#say(overLimit(bytes, this.limitBytes), true);
    if (this.problem !== null) return this.#say(this.problem, true);
    if (this.pasted !== null) return this.#say(CRLF_ON_PAD);
    if (bytes > this.limitBytes * NEAR_LIMIT) return this.#say(`${size(bytes)} of ${size(this.limitBytes)}`);
    return this.#say(padHint(this.limitBytes, matchMedia("(hover: hover)").matches));
  }

  #say(text, isProblem = false) {
    if (this.note.textContent !== text) this.note.textContent = text;
    this.note.classList.toggle("problem", isProblem);
  }
}
