// The page's elements by their ids; what is as it should be already is not touched.

export const at = (id) => document.getElementById(id);

export function show(id, isShown) {
  const node = at(id);
  if (node.hidden === isShown) node.hidden = !isShown;
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
