// All of an item's text, in parts that are only laid out in sight.

import { made } from "./frame.js";
import { behindLines, pieces, wholes } from "./shown-text.js";

/** Lines in a part; the style sheet guesses its height. */
const PART_LINES = 200;

/** Shows all of a text, from now on. */
export function showWhole(row, text) {
  let shown = [];
  row.querySelector(".text").replaceChildren();
  wholes.set(row, (now) => {
    shown = showParts(row, shown, now);
  });
  wholes.get(row)(text);
  const whole = row.querySelector(".whole");
  const isFocused = whole === document.activeElement;
  whole.hidden = true;
  if (isFocused) row.querySelector("[data-do=copy]").focus();
}

/** Parts before and behind a change stay as they are. Returns the parts that are shown then. */
function showParts(row, before, text) {
  const shown = row.querySelector(".text");
  const after = [...parts(text)];
  const least = Math.min(before.length, after.length);
  let first = 0;
  while (first < least && before[first] === after[first]) first += 1;
  let tail = 0;
  while (tail < least - first && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const next = shown.children[before.length - tail] ?? null;
  for (const node of [...shown.children].slice(first, before.length - tail)) node.remove();
  for (const part of after.slice(first, after.length - tail)) {
    const node = made("span", ...pieces(part));
    node.className = "part";
    shown.insertBefore(node, next);
  }
  return after;
}

function* parts(text) {
  for (let start = 0; start < text.length;) {
    const end = behindLines(text, start, PART_LINES);
    yield text.slice(start, end);
    start = end;
  }
}
