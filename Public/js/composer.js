// The pad in its card: the live box, what is said below it, Keep, undo. The pad knows one line end; a text that was
// pasted with CR in it is remembered for a while, and can be kept as an item of its own, exactly.

import { at, write } from "./frame.js";
import { Field } from "./field.js";
import { asShown, opsOf } from "./splice.js";
import { overLimit, problemWith, wellFormed } from "./texts.js";
import { countBytes, size } from "./wording.js";

/** From this share of the limit on the size is shown while typing. */
const NEAR_LIMIT = 0.8;
const CAN_DROP = matchMedia("(hover: hover)").matches;

/**
 * @param {{typed: (ops: object) => void, keep: () => void, append: (text: string) => number, limitBytes: () => number}} does
 * @param {string} shown what the box was given; who was faster typed into it already
 * @param {string} text the pad by now
 */
export function wireComposer(does, shown, text) {
  const box = at("box");
  let problem = null; // why the server does not take what stands here
  let pasted = null; // {text, start, shown}: what was pasted with other line ends, and where it stands
  const field = new Field(box, { typed: does.typed, changed });
  box.addEventListener("paste", notePaste);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") box.blur();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    keep();
  });
  at("keep").addEventListener("click", keep);
  at("keep-exact").addEventListener("click", keepExactly);
  field.start(shown, text);
  measure();
  return { field, offer, tell };

  /** Makes an item of the pad; over a limit the text stays where it is and the limit is stated. */
  function keep() {
    field.settle();
    const reason = problemWith(field.text, does.limitBytes());
    if (reason !== null) return say(reason, true);
    does.keep();
    field.settle();
    box.focus();
  }

  /** Puts a text onto the empty pad; false when something stands there. */
  function offer(text) {
    if (box.value !== "" || box.readOnly) return false;
    field.perform([asShown(wellFormed(text))]);
    return true;
  }

  /** The server takes the pad, or does not: why. */
  function tell(reason) {
    problem = reason;
    measure();
  }

  function notePaste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    pasted = null;
    if (!text.includes("\r")) return;
    const start = box.selectionStart;
    // The browser inserts it first, as it inserts everything.
    setTimeout(() => {
      pasted = { text, start, shown: asShown(text) };
      changed();
    });
  }

  /** The pasted text becomes an item, as it was, and leaves the pad. */
  function keepExactly() {
    if (!isPastedThere()) return;
    const { text, start, shown } = pasted;
    const reason = problemWith(text, does.limitBytes());
    if (reason !== null) return say(reason, true);
    if (!does.append(wellFormed(text))) return;
    pasted = null;
    field.perform(opsOf(field.text, { start, end: start + shown.length, insert: "" }));
    box.focus();
  }

  function isPastedThere() {
    return pasted !== null && box.value.startsWith(pasted.shown, pasted.start);
  }

  function changed() {
    if (!isPastedThere()) pasted = null;
    measure();
  }

  function measure() {
    const limitBytes = does.limitBytes();
    const { text } = field;
    const bytes = text.length * 3 < limitBytes * NEAR_LIMIT ? 0 : countBytes(text);
    at("keep-exact").hidden = pasted === null;
    if (bytes > limitBytes) say(overLimit(bytes, limitBytes), true);
    else if (problem !== null) say(problem, true);
    else if (pasted !== null) say("The pasted lines end in CRLF; on the pad they end in LF.");
    else if (bytes > limitBytes * NEAR_LIMIT) say(`${size(bytes)} of ${size(limitBytes)}`);
    else say(`Live on every device with this key, up to ${size(limitBytes)}.${CAN_DROP ? " Drop files anywhere." : ""}`);
  }

  function say(text, isProblem = false) {
    write("note", text);
    at("note").classList.toggle("problem", isProblem);
  }
}
