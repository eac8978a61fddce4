// The key as the page's heading, and as it stands in the address.

import { at, made } from "./dom.js";
import { normaliseKey } from "./key.js";

/**
 * The key in this page's address, in its tidy spelling, so that one paste has one name in this browser's storage; null on
 * the front page.
 */
export function keyInAddress() {
  let typed = location.pathname.replace(/^\/|\/$/g, "");
  try {
    typed = decodeURIComponent(typed);
  } catch {
    // Not an encoding of anything: the server will know no such paste.
  }
  return typed === "" ? null : (normaliseKey(typed) ?? typed);
}

/** Shows the page's part for a key, under it, or for none. */
export function showKey(key) {
  document.documentElement.dataset.at = key === null ? "home" : "paste";
  const words = at("words");
  if (key === null || words.dataset.key === key) return;
  words.dataset.key = key;
  words.replaceChildren(...breakable(key));
  words.classList.toggle("stacked", /^[a-z]{3,7}(-[a-z]{3,7}){2,3}$/.test(key)); // a word a line
}

/** A key that may wrap after each hyphen. */
function breakable(key) {
  return key.split("-").flatMap((part, at, parts) => {
    const word = made("span", part);
    word.className = "word";
    if (at === parts.length - 1) return [word];
    word.append(made("i", "-"));
    return [word, made("wbr")];
  });
}
