// The box for a new item. A textarea turns every line end into LF; a text that was pasted with CR in it is
// remembered, and kept exactly, as long as it is the whole content of the box and nobody has changed it.

import { problemWith, wellFormed } from "./texts.js";
import { countBytes, size } from "./wording.js";

/** From this share of the limit on the size is shown while typing. */
const NEAR_LIMIT = 0.8;
/** Writing a draft of megabytes at each key would be felt; it waits for a pause of this length. */
const DRAFT_PAUSE = 300;

export class Composer {
  /**
   * @param {{box: HTMLTextAreaElement, note: HTMLElement, exactButton: HTMLElement}} parts
   * @param {{keep: (text: string) => boolean, draft: (draft: object|null) => void}} does
   */
  constructor(parts, does) {
    Object.assign(this, parts);
    this.does = does;
    this.limitBytes = 1 << 20;
    this.exact = null; // the pasted text that the box shows with other line ends
    this.before = null; // what the box held before a paste that lost its line ends
    this.isNoteProblem = false;
    this.box.addEventListener("paste", (event) => this.#pasted(event));
    this.box.addEventListener("input", () => this.#changed());
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.keep();
      }
    });
    this.exactButton.addEventListener("click", () => this.#keepExactly());
    addEventListener("pagehide", () => this.#saveDraft());
    this.#measure();
  }

  /** The text in the box, with the line ends it came with. */
  get text() {
    return this.exact ?? this.box.value;
  }

  /** Makes an item of the box; over a limit the text stays where it is and the limit is stated. */
  keep() {
    const text = wellFormed(this.text);
    const problem = problemWith(text, this.limitBytes);
    if (problem !== null) return this.#say(problem, true);
    if (!this.does.keep(text)) return;
    this.#set("");
    this.#saveDraft();
    this.box.focus();
  }

  /** Puts a text into the empty box; false when something stands there. */
  offer(text, exact = null) {
    if (this.box.value !== "") return false;
    this.#set(text, exact ?? text);
    this.#saveDraft();
    return true;
  }

  restore(draft) {
    if (draft && typeof draft.text === "string") this.offer(draft.text, draft.exact ?? null);
  }

  setLimit(limitBytes) {
    this.limitBytes = limitBytes;
    this.#measure();
  }

  #set(text, exact = null) {
    this.box.value = text;
    // The box holds it with LF only; the exact text is worth remembering when that makes a difference.
    this.exact = exact !== null && exact !== this.box.value ? exact : null;
    this.before = null;
    this.exactButton.hidden = true;
    this.#measure();
  }

  #pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    this.exact = null;
    if (!text.includes("\r")) return;
    const before = this.box.value;
    // The browser inserts it first, so that its undo goes on working.
    setTimeout(() => {
      if (this.box.value === asShown(text)) {
        this.exact = text;
        this.exactButton.hidden = true;
        this.#saveDraft();
        this.#measure();
      } else {
        this.before = { text: before, shown: this.box.value, pasted: text };
        this.exactButton.hidden = false;
        this.#say("The pasted lines end in CRLF; inside other text they become LF.");
      }
    });
  }

  /** The paste becomes an item of its own, as it was; the box goes back to what it held before. */
  #keepExactly() {
    const { before } = this;
    if (!before || this.box.value !== before.shown) return;
    const problem = problemWith(before.pasted, this.limitBytes);
    if (problem !== null) return this.#say(problem, true);
    if (!this.does.keep(wellFormed(before.pasted))) return;
    this.#set(before.text);
    this.#saveDraft();
    this.box.focus();
  }

  #changed() {
    if (this.exact !== null && this.box.value !== asShown(this.exact)) this.exact = null;
    if (this.before && this.box.value !== this.before.shown) {
      this.before = null;
      this.exactButton.hidden = true;
    }
    this.#measure();
    clearTimeout(this.draftTimer);
    if (this.box.value.length < 10_000) this.#saveDraft();
    else this.draftTimer = setTimeout(() => this.#saveDraft(), DRAFT_PAUSE);
  }

  #saveDraft() {
    clearTimeout(this.draftTimer);
    const text = this.box.value;
    this.does.draft(text === "" ? null : { text, ...(this.exact === null ? {} : { exact: this.exact }) });
  }

  #measure() {
    const { text } = this;
    const bytes = text.length * 3 < this.limitBytes * NEAR_LIMIT ? 0 : countBytes(text);
    if (bytes > this.limitBytes) return this.#say(problemWith(text, this.limitBytes), true);
    if (bytes > this.limitBytes * NEAR_LIMIT) return this.#say(`${size(bytes)} of ${size(this.limitBytes)}`);
    if (this.exact !== null) return this.#say("Pasted with CRLF line ends; they are kept.");
    const hint = matchMedia("(hover: hover)").matches ? " Files can be dropped anywhere." : "";
    return this.#say(`Up to ${size(this.limitBytes)} an item.${hint}`);
  }

  #say(text, isProblem = false) {
    if (this.note.textContent !== text) this.note.textContent = text;
    this.note.classList.toggle("problem", isProblem);
  }
}

/** What a textarea makes of a text. */
function asShown(text) {
  return text.replace(/\r\n?/g, "\n");
}
