// The frame of the page: its elements, and which part of it the address asks for. It is loaded before anything else, by
// itself, so that the first thing to be seen is the page with its key; all other modules find this there.

import { keyInAddress, showKey } from "./heading.js";

export { addressOf, at, made, show, write } from "./dom.js";
export { keyInAddress, showKey } from "./heading.js";
export { normaliseKey } from "./key.js";

showKey(keyInAddress());
