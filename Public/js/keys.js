// What the keyboard can do, and the list of it. Single keys only count while nothing is typed, and can be switched off.

import { at, made } from "./frame.js";
import { focusRow } from "./lists.js";

/** [keys, what they do, the id of a button or what an item's button does]. */
const KEYS = [
  ["Ctrl Enter", "Keep the pad"],
  ["Esc", "Leave the pad or the item’s text"],
  ["p", "Go to the pad", "box"],
  ["f", "Add files", "file"],
  ["l", "Copy the link", "copy-link"],
  ["w", "Wrap lines or not", "wrap"],
  ["j", "Next item", 1],
  ["k", "Previous item", -1],
  ["c", "Copy the item in focus, or the newest", "copy"],
  ["e", "Edit it", "edit"],
  ["d", "Download it", "download"],
  ["r", "Open it raw", "raw"],
  ["x", "Remove it", "remove"],
  ["z", "Undo the removal", "stay"],
  ["?", "Show this list", "keys-button"],
];

/** @param {import("./store.js").Store} store */
export function wireKeys(store) {
  const dialog = at("keys");
  at("keys-list").append(...KEYS.flatMap(([keys, what]) => {
    const pressed = keys.split(" ").flatMap((key, index) => (index === 0 ? [made("kbd", key)] : [" + ", made("kbd", key)]));
    return [made("dt", ...pressed), made("dd", what)];
  }));
  at("keys-button").addEventListener("click", () => dialog.showModal());
  const box = at("keys-on");
  box.checked = store.preference("keys") !== "off";
  box.addEventListener("change", () => store.prefer("keys", box.checked ? "on" : "off"));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !box.checked || dialog.open) return;
    if (event.target.closest?.("input:not([type=checkbox]), textarea, select")) return;
    const row = KEYS.find(([keys]) => keys === event.key);
    if (row?.[2] !== undefined && act(row[2])) event.preventDefault();
  });

  function act(what) {
    const list = at("items");
    const current = document.activeElement.closest("#items > li");
    if (typeof what === "number") {
      const next = current ? (what > 0 ? current.nextElementSibling : current.previousElementSibling) : list.firstElementChild;
      focusRow(next);
      return Boolean(next);
    }
    if (what === "box") {
      at("box").focus();
      return true;
    }
    // What changes an item needs one in focus: the newest may be one that came just now.
    const other = { copy: "li", stay: ".gone" }[what];
    const row = current?.matches(other ?? "li") ? current : other && list.querySelector(other);
    const button = at(what) ?? row?.querySelector(`[data-do=${what}]`);
    if (!button?.checkVisibility()) return false;
    button.click();
    return true;
  }
}
