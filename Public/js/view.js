// The session as the page shows it. Every text goes in as text, never as markup; only what changed is touched.

import { addressOf, at, show, showKey, write } from "./frame.js";
import { REPLACED } from "./link.js";
import { ItemList } from "./lists.js";
import { plural, standing, timeLeft } from "./wording.js";

/** How long a state must hold, in milliseconds, before it is spoken. */
const SETTLED = 1_500;

export const items = new ItemList(at("items"));
let unseen = 0;
let shownLook = "";
let speaking = 0;
let isBroken = false;

/**
 * Shows the whole session; cheap when little changed. `now`: this device's clock, in milliseconds; `held`: the numbers of
 * items whose removal can be taken back.
 */
export function render(session, now, held) {
  const { paste } = session;
  const { key, phase } = paste;
  const isUnknown = phase === "unknown";
  show("unknown", isUnknown);
  // Texts that were typed for a key that opens nothing are still the person's.
  show("paste", !isUnknown || session.outbox.returned().length > 0 || at("box").value !== "");
  show("about", !isUnknown);
  renderStanding(session);
  if (key === null) return renderHome(session);
  write("unknown-key", key);
  renderKey(paste);
  renderFacts(session, now);
  renderEnd(paste);
  renderComposer(paste);
  items.render(paste, new Set(removing(session)), held);
  show("empty", paste.loaded && paste.items.size === 0 && phase === "open");
  show("loading", !paste.loaded && phase === "asking");
  write("items-count", paste.items.size === 0 ? "" : plural(paste.items.size, "item"));
}

/** The countdown alone; called every second. */
export function tick({ paste: { expiresAt, phase }, clockOffset }, now) {
  if (phase === "over" || expiresAt === null) return;
  const left = expiresAt - (now + clockOffset);
  write("countdown", timeLeft(left));
  at("facts").classList.toggle("soon", left < 5 * 60_000);
}

/** How many items of other devices came in while nobody looked. */
export function badge(count) {
  unseen = count;
  const { key } = at("words").dataset;
  const title = `${count > 0 ? `(${count}) ` : ""}${key ? `${key} · ` : ""}Pasted`;
  if (document.title !== title) document.title = title;
}

/** An item of another device came in. */
export function arrived() {
  if (document.hidden) badge(unseen + 1);
}

/** Whether a part of the page could not be loaded: then it is for reading. */
export function setBroken(is) {
  isBroken = is;
}

function renderStanding(session) {
  const { state, stopCode } = session.link;
  const { look, text } = isBroken ? { look: "trouble", text: "Read only" } : standing(session);
  const { dataset } = at("standing");
  if (dataset.look !== look) dataset.look = look;
  write("standing-text", text);
  speak(look, text);
  show("stopped", state === "stopped" || isBroken);
  write("stopped-text", isBroken ? "A part of this page is missing: what is typed is not sent."
    : stopCode === REPLACED ? "Another tab took over from this one." : "This page and the server no longer fit together.");
}

/** Tells a screen reader how things stand, once they stand so for a moment. */
function speak(look, text) {
  if (look === shownLook) return;
  shownLook = look;
  clearTimeout(speaking);
  speaking = setTimeout(() => write("spoken", text), SETTLED);
}

function renderHome({ create, limits }) {
  showKey(null);
  at("make-button").disabled = create !== null;
  write("make-button", create === null ? "New paste" : "Making it…");
  const longest = limits?.lifetimeMilliseconds ?? Infinity;
  for (const option of at("life").options) option.disabled = Number(option.value) > longest;
}

function renderKey({ key, code }) {
  const isCode = code !== null && bare(code) === bare(key);
  const heading = isCode ? code : key;
  showKey(heading);
  badge(unseen);
  write("code", code ?? "");
  at("code-line").classList.toggle("unknown-yet", code === null || isCode);
}

/** The way to the phone. The picture has its place before it is there; it is fetched for a key that opens. */
function renderPicture({ phase, key }) {
  const picture = at("qr");
  if (phase !== "open" || picture.alt !== "") return;
  const address = addressOf(key);
  picture.alt = `QR code of ${address}`;
  picture.onload = () => show("qr", true);
  picture.src = `${address}/qr.svg`;
}

function renderFacts(session, now) {
  const { paste, limits } = session;
  renderPicture(paste);
  tick(session, now);
  const isOver = paste.phase === "over";
  const isOpen = paste.phase === "open";
  const canExtend = paste.may("extend");
  const canDelete = paste.may("delete");
  write("devices", session.connection === "live" ? plural(Math.max(1, paste.devices), "device") : "");
  show("facts", !isOver);
  show("copy-link", !isOver);
  show("share", "share" in navigator && !isOver);
  const menu = at("change");
  show("change", !isOver && (canExtend || canDelete || !isOpen));
  menu.classList.toggle("unavailable", !isOpen);
  if (!isOpen) menu.open = false;
  const longest = limits?.lifetimeMilliseconds ?? Infinity;
  for (const button of menu.querySelectorAll("[data-life]")) button.hidden = Number(button.dataset.life) > longest || !canExtend;
  show("extend-label", canExtend);
  show("delete", canDelete);
}

function renderEnd({ phase, reason, items: { size } }) {
  show("ended", phase === "over");
  write("ended-title", reason === "deleted" ? "This paste was deleted." : "The time of this paste is over.");
  show("ended-rest", size > 0);
}

function renderComposer(paste) {
  const box = at("box");
  const { writable } = paste;
  const isTyped = paste.may("edit") && !isBroken;
  // What stands in the box when the paste ends is still the person's.
  const isHeld = !writable && box.value !== "";
  show("composer", isHeld || (writable && (isTyped || paste.may("append") || box.value !== "")));
  show("held", isHeld);
  show("reading", writable && !paste.may("edit"));
  for (const id of ["note", "undo", "redo"]) show(id, isTyped);
  show("file-choice", paste.may("append"));
  show("keep", paste.may("keep"));
  if (box.readOnly === isTyped) box.readOnly = !isTyped;
}

/** Numbers of items whose removal was asked for. */
function* removing(session) {
  for (const { verb, fields } of session.outbox.unanswered()) if (verb === "remove") yield fields.item;
}

/** A key without what may stand between its parts. */
function bare(key) {
  return key.replace(/[\s._-]+/g, "").toLowerCase();
}
