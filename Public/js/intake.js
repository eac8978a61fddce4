// Texts on their way in from outside the boxes: files, drops and pastes, each an item. What is no text, or too much,
// is named and stays named; how far the others are is shown until the server has them.

import { problemWith, readFile, wellFormed } from "./texts.js";
import { plural } from "./wording.js";

/** A few files that are kept sooner than this, in milliseconds, need no words. */
const SETTLE = 600;
const LINGER = 4_000;

export class Intake {
  /**
   * @param {(id: string) => HTMLElement} at finds the page's elements
   * @param {{isOpen: () => boolean, keep: (text: string) => number, isUndecided: (ref: number) => boolean,
   *   limitBytes: () => number, offer: (text: string) => boolean, say: (text: string) => void}} does
   *   `keep` makes an item and returns its ref, 0 when the paste takes no more; `offer` puts a text on the empty pad
   */
  constructor(at, does) {
    Object.assign(this, { at, does });
    this.forget();
    at("intake-close").addEventListener("click", () => this.forget());
    at("file").addEventListener("change", ({ target }) => {
      this.take([...target.files]);
      target.value = "";
    });
    this.#listen();
  }

  /** Whether several files are being kept, so that each needs no word of its own. */
  get isBusy() {
    return this.total > 1;
  }

  /** Makes an item of each file. */
  async take(files) {
    this.total += files.length;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#show(true), SETTLE);
    for (const file of files) {
      const { text, problem } = await readFile(file, this.does.limitBytes());
      const ref = problem ? 0 : this.does.keep(text);
      if (ref !== 0) this.refs.push(ref);
      else this.#problem(problem ?? `${file.name} was not kept: this paste takes no more.`);
      this.read += 1;
      this.render();
    }
  }

  /** Makes an item of a text that came in beside the boxes. */
  takeText(text) {
    const problem = problemWith(text, this.does.limitBytes());
    if (problem === null) this.does.keep(wellFormed(text));
    else if (!this.does.offer(text)) this.does.say(problem);
  }

  /** Shows how far it is; called whenever something may have been decided. */
  render() {
    if (this.total === 0) return;
    this.refs = this.refs.filter((ref) => {
      if (this.does.isUndecided(ref)) return true;
      this.kept += 1;
      return false;
    });
    const isDone = this.read === this.total && this.refs.length === 0;
    const text = isDone
      ? `${plural(this.kept, "file")} kept${this.problems > 0 ? `, ${this.problems} not` : ""}.`
      : `${this.kept} of ${plural(this.total, "file")} kept…`;
    const bar = this.at("intake-bar");
    Object.assign(bar, { max: this.total, value: this.kept + this.problems });
    bar.hidden = isDone;
    // While it goes on, a screen reader is told once and not with every file.
    this.at("intake-text").setAttribute("aria-live", isDone ? "polite" : "off");
    this.at("intake-text").textContent = text;
    if (!isDone || this.isDone) return;
    this.isDone = true;
    clearTimeout(this.timer);
    if (this.problems === 0) this.timer = setTimeout(() => this.forget(), this.at("intake").hidden ? 0 : LINGER);
  }

  forget() {
    clearTimeout(this.timer);
    Object.assign(this, { total: 0, read: 0, kept: 0, problems: 0, refs: [], isDone: false });
    this.#show(false);
    this.at("intake-problems").replaceChildren();
  }

  #show(isShown) {
    this.at("intake").hidden = !isShown;
    if (isShown) this.render();
  }

  #problem(text) {
    this.problems += 1;
    const line = document.createElement("li");
    line.textContent = text;
    this.at("intake-problems").append(line);
    this.at("intake").hidden = false;
    this.at("spoken").textContent = text;
  }

  /** Drops anywhere, and pastes outside a field, become items. */
  #listen() {
    const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
    addEventListener("dragover", (event) => {
      const hasFiles = event.dataTransfer.types.includes("Files");
      if (!hasFiles && event.target.matches?.("textarea")) return; // text dropped into the box is the browser's
      event.preventDefault();
      mark(this.does.isOpen());
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) mark(false);
    });
    addEventListener("drop", (event) => {
      mark(false);
      const files = [...event.dataTransfer.files];
      if (files.length === 0 && event.target.matches?.("textarea")) return;
      event.preventDefault(); // or the browser would leave the page for the file
      if (!this.does.isOpen()) return;
      if (files.length > 0) this.take(files);
      else this.takeText(event.dataTransfer.getData("text/plain"));
    });
    addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      const text = event.clipboardData.getData("text/plain");
      const isIntoField = event.target.closest?.("input, textarea") && (text !== "" || files.length === 0);
      if (isIntoField || !this.does.isOpen() || (text === "" && files.length === 0)) return;
      event.preventDefault();
      if (text !== "") this.takeText(text);
      else this.take(files);
    });
  }
}
