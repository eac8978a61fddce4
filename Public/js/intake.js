// Texts on their way in from outside the boxes: files, drops and pastes, each an item. What is no text, or too much,
// is named and stays named; how far the others are is shown until the server has them.

import { at, leave, made, show, write } from "./frame.js";
import { problemWith, readableName, readFile, wellFormed } from "./texts.js";
import { plural } from "./wording.js";

/** A few files that are kept sooner than this, in milliseconds, need no words. */
const SETTLE = 600;
const LINGER = 4_000;

/**
 * @param {{isOpen: () => boolean, keep: (text: string) => number, state: (ref: number) => string | undefined,
 *   limitBytes: () => number, offer: (text: string) => boolean, say: (text: string) => void}} does
 *   `keep` makes an item and returns its ref, 0 when the paste takes no more; `state` is what became of a ref, nothing when
 *   it was kept; `offer` puts a text on the empty pad
 */
export function wireIntake(does) {
  let total, read, kept, problems, refs, isDone, timer;
  forget();
  at("intake-close").addEventListener("click", close);
  at("file").addEventListener("change", takeChosen);
  takeChosen(); // by somebody who was faster
  addEventListener("dragover", (event) => {
    const hasFiles = event.dataTransfer.types.includes("Files");
    if (!hasFiles && event.target.matches?.("textarea")) return; // text dropped into the box is the browser's
    event.preventDefault();
    mark(does.isOpen());
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  addEventListener("drop", (event) => {
    mark(false);
    const files = [...event.dataTransfer.files];
    if (files.length === 0 && event.target.matches?.("textarea")) return;
    event.preventDefault(); // or the browser would leave the page for the file
    if (!does.isOpen()) return;
    if (files.length > 0) take(files);
    else takeText(event.dataTransfer.getData("text/plain"));
  });
  addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    const isIntoField = event.target.closest?.("input, textarea") && (text !== "" || files.length === 0);
    if (isIntoField || !does.isOpen() || (text === "" && files.length === 0)) return;
    event.preventDefault();
    if (text !== "") takeText(text);
    else take(files);
  });
  return {
    render,
    take,
    takeText,
    /** Whether several files are being kept, so that each needs no word of its own. */
    isBusy: () => total > 1 && !isDone,
  };

  /** Makes an item of each file. */
  async function take(files) {
    total += files.length;
    clearTimeout(timer);
    timer = setTimeout(reveal, SETTLE, true);
    for (const file of files) {
      const { text, problem } = await readFile(file, does.limitBytes());
      const ref = problem ? 0 : does.keep(text);
      if (ref !== 0) refs.push(ref);
      else tell(problem ?? `${readableName(file)} was not kept: this paste takes no more.`);
      read += 1;
      render();
    }
  }

  function takeChosen() {
    const files = [...at("file").files];
    at("file").value = "";
    if (files.length > 0) take(files);
  }

  /** Makes an item of a text that came in beside the boxes. Answers whether it is somewhere now. */
  function takeText(text) {
    const problem = problemWith(text, does.limitBytes());
    if (problem === null) return does.keep(wellFormed(text)) !== 0;
    const isOffered = does.offer(text);
    if (!isOffered) does.say(problem);
    return isOffered;
  }

  /** Shows how far it is; called whenever something may have been decided. */
  function render() {
    if (total === 0) return;
    refs = refs.filter((ref) => {
      const state = does.state(ref);
      if (state === "waiting" || state === "sent") return true;
      if (state === undefined) {
        kept += 1;
      } else {
        problems += 1; // the text itself stands above the items, with the reason
        show("intake", true);
      }
      return false;
    });
    const wasDone = isDone;
    isDone = read === total && refs.length === 0;
    Object.assign(at("intake-bar"), { max: total, value: kept + problems, hidden: isDone });
    // While it goes on, a screen reader is told once and not with every file.
    at("intake-text").ariaLive = isDone ? "polite" : "off";
    write("intake-text", isDone
      ? `${plural(kept, "file")} kept${problems > 0 ? `, ${problems} not` : ""}.`
      : `${kept} of ${plural(total, "file")} kept…`);
    if (!isDone || wasDone) return;
    clearTimeout(timer);
    const isHidden = at("intake").hidden;
    if (problems === 0 || isHidden) timer = setTimeout(forget, isHidden ? 0 : LINGER);
  }

  /** Files that are still on their way are counted on, out of sight. */
  function close() {
    if (isDone) return forget();
    clearTimeout(timer);
    reveal(false);
  }

  function forget() {
    clearTimeout(timer);
    [total, read, kept, problems, refs, isDone] = [0, 0, 0, 0, [], false];
    reveal(false);
    at("intake-problems").replaceChildren();
  }

  function reveal(isShown) {
    if (!isShown) leave(at("intake"));
    show("intake", isShown);
    render();
  }

  function tell(text) {
    problems += 1;
    at("intake-problems").append(made("li", text));
    show("intake", true);
    at("spoken").textContent = text;
  }
}

function mark(isOver) {
  document.body.classList.toggle("dropping", isOver);
}
