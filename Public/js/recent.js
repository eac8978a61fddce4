// The pastes that were open on this device lately. Only this browser knows, and forgets when told.

import { normaliseKey } from "./frame.js";

const NAME = "pasted/recent";
const MOST = 8;

/** `[{key, expiresAt}]`, the latest first, of those whose time is not over. */
export function recent(now) {
  try {
    const isOne = ({ key, expiresAt }) => normaliseKey(key) !== null && expiresAt > now;
    return JSON.parse(localStorage.getItem(NAME)).filter(isOne).slice(0, MOST);
  } catch {
    return []; // none yet, this browser stores nothing, or something else stands there
  }
}

export function remember(key, expiresAt) {
  write([{ key, expiresAt }, ...recent(Date.now()).filter((each) => each.key !== key)].slice(0, MOST));
}

export function forget(key) {
  const list = recent(Date.now());
  if (list.some((each) => each.key === key)) write(list.filter((each) => each.key !== key));
}

export function forgetAll() {
  write([]);
}

function write(list) {
  try {
    if (list.length > 0) localStorage.setItem(NAME, JSON.stringify(list));
    else localStorage.removeItem(NAME);
  } catch {
    // It is a convenience.
  }
}
