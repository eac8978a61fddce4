// What is pressed before the page can act on it waits until it can. The box takes letters by itself.

const TYPES = ["click", "keydown"];
const held = [];

export function hold() {
  for (const type of TYPES) addEventListener(type, take, true);
}

/** From now on presses do what they do; first those that came before. */
export function release() {
  for (const type of TYPES) removeEventListener(type, take, true);
  for (const event of held) {
    if (event.type === "click") event.target.click();
    else event.target.dispatchEvent(new KeyboardEvent("keydown", event));
  }
}

function take(event) {
  const { type, target, key, ctrlKey, metaKey } = event;
  if (type === "keydown") {
    const isShortcut = (key === "Enter" && (ctrlKey || metaKey)) || !target.closest("input, textarea, select");
    if (isShortcut) held.push(event);
  } else if (target.closest("button")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (target.id === "reload") location.reload();
    held.push(event);
  }
}
