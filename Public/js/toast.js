// What is said for a moment.

import { at } from "./frame.js";

/** How long it stays on the screen, in milliseconds. */
const SHOWN = 4_000;

let timer = 0;

/** Says something, seen and heard. */
export function toast(text) {
  const { classList } = at("toast");
  at("toast").textContent = text;
  classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => classList.remove("shown"), SHOWN);
}
