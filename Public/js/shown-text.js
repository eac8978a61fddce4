// An item's text on the page: its beginning until all of it is asked for (whole-text.js), with its web addresses as links.
// Whatever it holds goes in as text.

import { made } from "./frame.js";
import { countBytes, countLines, measure, plural, size } from "./wording.js";

/** What of a text is shown before "Show all": lines and characters. */
const PREVIEW_LINES = 24;
const PREVIEW_LENGTH = 4_000;
/** http and https only, and nothing in it that is invisible or turns the direction of writing. */
const ADDRESS = /https?:\/\/[^\s\p{Cc}\p{Cf}<>"'`\\^{|}]+/giu;

/** Rows that show all of their text, and how each does. */
export const wholes = new WeakMap();

/** Shows a text in its row, or its beginning and how to see the rest. */
export function fillText(row, text) {
  row.querySelector(".measure").textContent = measure(text);
  if (wholes.has(row)) return wholes.get(row)(text);
  const preview = beginning(text);
  row.querySelector(".text").replaceChildren(...pieces(preview, preview.length < text.length));
  const whole = row.querySelector(".whole");
  whole.hidden = preview.length === text.length;
  if (whole.hidden) return;
  const lines = countLines(text);
  whole.textContent = `Show all ${lines > PREVIEW_LINES ? plural(lines, "line") : size(countBytes(text))}`;
}

function beginning(text) {
  let end = behindLines(text, 0, PREVIEW_LINES);
  if (end > PREVIEW_LENGTH) {
    const unit = text.charCodeAt(PREVIEW_LENGTH - 1);
    end = unit >= 0xd800 && unit < 0xdc00 ? PREVIEW_LENGTH - 1 : PREVIEW_LENGTH;
  }
  return text.slice(0, end);
}

export function behindLines(text, start, lines) {
  let end = start;
  for (let left = lines; left > 0 && end < text.length; left -= 1) end = text.indexOf("\n", end) + 1 || text.length;
  return end;
}

/** A text as nodes; `isCut`: it goes on, so an address at its end may, too. */
export function pieces(text, isCut = false) {
  const list = [];
  let at = 0;
  for (const { 0: found, index } of text.includes("://") ? text.matchAll(ADDRESS) : []) {
    if (isCut && index + found.length === text.length) break;
    const address = withoutSentence(found);
    if (!URL.canParse(address)) continue;
    const link = Object.assign(made("a", address), { href: address, target: "_blank", rel: "noopener noreferrer" });
    list.push(text.slice(at, index), link);
    at = index + address.length;
  }
  list.push(text.slice(at));
  return list;
}

/** An address without what ends the sentence or the bracket that it stands in. Linear: a text may be nothing but these. */
function withoutSentence(found) {
  const unopened = { "(": 0, ")": 0, "[": 0, "]": 0 };
  for (const letter of found) if (letter in unopened) unopened[letter] += 1;
  unopened[")"] -= unopened["("];
  unopened["]"] -= unopened["["];
  let end = found.length;
  const isBehind = (last) => ".,;:!?".includes(last) || (")]".includes(last) && unopened[last]-- > 0);
  while (end > 0 && isBehind(found[end - 1])) end -= 1;
  return found.slice(0, end);
}
