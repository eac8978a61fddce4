// The frame of the page: its elements, and which part of it the address asks for. It is loaded before anything else, by
// itself, so that the first thing to be seen is the page with its key, where what is typed and pressed counts; all other modules find this there.

import { keyInAddress, showKey } from "./heading.js";
import { hold } from "./hold.js";

export { addressOf, at, leave, made, show, write } from "./dom.js";
export { keyInAddress, showKey } from "./heading.js";
export { release } from "./hold.js";
export { normaliseKey } from "./key.js";

hold();
showKey(keyInAddress());
