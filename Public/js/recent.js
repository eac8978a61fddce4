// The pastes that were open on this device lately. Only this browser knows, and forgets when told.

import { normaliseKey } from "./frame.js";

const NAME = "pasted/recent";
const MOST = 8;

/** `[{key, code, expiresAt}]`, the latest first, of those whose time is not over. */
export function recent(now) {
  try {
    const isOne = ({ key, expiresAt }) => normaliseKey(key) !== null && expiresAt > now;
    return JSON.parse(localStorage.getItem(NAME)).filter(isOne).slice(0, MOST);
  } catch {
    return []; // none yet, this browser stores nothing, or something else stands there
  }
}

export function remember({ key, code }, expiresAt) {
  write([{ key, code, expiresAt }, ...others({ key, code })].slice(0, MOST));
}

export function forget(paste) {
  const left = others(paste);
  if (left.length < recent(Date.now()).length) write(left);
}

export function forgetAll() {
  write([]);
}

/** All but this paste, which may have been opened by its words and by its code. */
function others({ key, code }) {
  return recent(Date.now()).filter((each) => each.key !== key && (code === null || each.code !== code));
}

function write(list) {
  try {
    if (list.length > 0) localStorage.setItem(NAME, JSON.stringify(list));
    else localStorage.removeItem(NAME);
  } catch {
    // It is a convenience.
  }
}
