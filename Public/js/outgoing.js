// What has not arrived, above the items: texts on their way, and those that were given back to the person.

import { at } from "./frame.js";
import { copyOf, passFocusOn } from "./lists.js";
import { fillText } from "./shown-text.js";

/** A request that is answered sooner than this, in milliseconds, is never shown as waiting. */
const SETTLE = 600;

const rows = new Map(); // ref -> {row, entry, since}
let timer = 0;

/** Shows them; `again` is called when one has waited long enough to be shown. */
export function renderOutgoing(session, again) {
  const now = Date.now();
  const entries = [...session.outbox.returned(), ...session.outbox.unanswered(), ...keeping(session)].filter((e) => e.verb === "append");
  const refs = new Set(entries.map((entry) => entry.ref));
  for (const [ref, { row }] of rows) {
    if (refs.has(ref)) continue;
    rows.delete(ref);
    if (row.contains(document.activeElement)) passFocusOn(row);
    row.remove();
  }
  let isSettling = false;
  for (const entry of entries) {
    const held = rows.get(entry.ref) ?? make(entry, now);
    const { row } = held;
    const isReturned = entry.state === "refused" || entry.state === "aside";
    if (held.entry?.state !== entry.state) describe(held, entry, isReturned);
    row.hidden = !isReturned && session.connection === "live" && now - held.since < SETTLE;
    isSettling ||= row.hidden;
    row.querySelector("[data-do=again]").hidden = !isReturned || !session.paste.may(entry.verb);
  }
  clearTimeout(timer);
  if (isSettling) timer = setTimeout(again, SETTLE);
}

/** What the row of an element shows. */
export function entryOf(element) {
  const row = element.closest("li");
  return [...rows.values()].find((held) => held.row === row)?.entry;
}

function make(entry, since) {
  const row = copyOf("outgoing-row");
  fillText(row, entry.fields.text);
  at("outgoing").prepend(row);
  const held = { row, entry: null, since };
  rows.set(entry.ref, held);
  return held;
}

/** Texts that will be items when the pad's `keep` is done, as entries. */
function keeping(session) {
  return session.desk.pad.keeping().map((text, place) => ({
    ref: `keep ${place} ${text.length}`, verb: "append", fields: { text }, state: "waiting",
  }));
}

function describe(held, entry, isReturned) {
  const { row } = held;
  held.entry = entry;
  row.classList.toggle("returned", isReturned);
  row.querySelector(".reason").textContent = isReturned ? `Not kept. ${entry.message ?? ""}` : "Not sent yet";
  row.querySelector("[data-do=discard]").hidden = !isReturned;
}
