// The page's elements by their ids; what is as it should be already is not touched.

export const at = (id) => document.getElementById(id);

export function show(id, isShown) {
  const node = at(id);
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Before something goes that may have the focus: what is typed next goes nowhere, and to no item as a command. */
export function leave(node) {
  if (node.contains(document.activeElement)) at("main").focus({ preventScroll: true });
}

export function write(id, text) {
  const node = at(id);
  if (node.textContent !== text) node.textContent = text;
}

/** An element with something in it. */
export function made(tag, ...content) {
  const node = document.createElement(tag);
  node.append(...content);
  return node;
}

/** The address of a paste on this page's server. */
export const addressOf = (key) => new URL(`/${encodeURIComponent(key)}`, location.href).href;
