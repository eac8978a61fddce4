// All of an item's text, in parts that are only laid out in sight.

import { made } from "./frame.js";
import { behindLines, pieces, wholes } from "./shown-text.js";

/** Lines in a part; the style sheet guesses its height. */
const PART_LINES = 200;
/** Characters in a part: a longer line goes on in the next. What is hard to shape, marks without an end or ever turning
 * directions of writing, takes browsers minutes for a mebibyte in one piece, and less than a second in such parts. */
const PART_LENGTH = 16_384;

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
  for (let at = first; at < after.length - tail; at += 1) {
    const node = made("span");
    const isCut = at < after.length - 1 && !after[at].endsWith("\n");
    for (const piece of pieces(after[at], isCut)) node.append(piece); // one line may have more addresses than a call takes arguments
    node.className = "part";
    shown.insertBefore(node, next);
  }
  return after;
}

function* parts(text) {
  for (let start = 0; start < text.length;) {
    const most = text.slice(start, start + PART_LENGTH);
    let end = behindLines(most, 0, PART_LINES);
    if (end === PART_LENGTH) {
      const isHalf = (most.charCodeAt(end - 1) & 0xfc00) === 0xd800;
      end = most.lastIndexOf("\n") + 1 || end - Number(isHalf);
    }
    yield most.slice(0, end);
    start += end;
  }
}
