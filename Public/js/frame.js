// Before anything else is loaded: which part of the page it is, and under which key.

import { keyInAddress, showKey } from "./heading.js";

showKey(keyInAddress());
