// The session as the page shows it. Every text goes in as text, never as markup; only what changed is touched.

import { ItemList, OutgoingList } from "./lists.js";
import { plural, standing, timeLeft } from "./wording.js";

/** How long something said stays on the screen, in milliseconds. */
const TOAST = 4_000;
/** How long a state must hold, in milliseconds, before it is spoken. */
const SETTLED = 1_500;
/** The close code when a newer connection of this client took over. */
const REPLACED = 4500;

export class View {
  constructor(root = document) {
    this.at = (id) => root.getElementById(id);
    this.items = new ItemList(this.at("items"));
    this.outgoing = new OutgoingList(this.at("outgoing"));
    this.unseen = 0;
    this.toastTimer = 0;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#badge(0);
    });
  }

  /** Shows the whole session; cheap when little changed. `now`: this device's clock, in milliseconds; `held`: removals that can be taken back. */
  render(session, now, held) {
    this.session = session;
    const { paste } = session;
    const isHome = paste.key === null;
    this.#show("home", isHome);
    this.#show("unknown", paste.phase === "unknown");
    // Texts that were typed for a key that opens nothing are still the person's.
    const hasTexts = session.outbox.returned().length > 0 || this.at("box").value !== "";
    this.#show("paste", !isHome && (paste.phase !== "unknown" || hasTexts));
    this.#show("about", paste.phase !== "unknown");
    this.#standing(session);
    if (isHome) return this.#home(session);
    setText(this.at("unknown-key"), paste.key);
    this.#key(paste);
    this.#facts(session, now);
    this.#ended(paste);
    this.#composer(session);
    this.outgoing.render(session, now, () => this.render(session, Date.now(), held));
    this.items.render(paste, new Set(removing(session)), held);
    this.#show("empty", paste.loaded && paste.items.size === 0 && paste.phase === "open");
    this.#show("loading", !paste.loaded && paste.phase === "asking");
    setText(this.at("items-count"), paste.items.size === 0 ? "" : plural(paste.items.size, "item"));
  }

  /** The countdown alone; called every second. */
  tick(session, now) {
    const { expiresAt, phase } = session.paste;
    if (phase === "over" || expiresAt === null) return;
    const left = expiresAt - (now + session.clockOffset);
    setText(this.at("countdown"), timeLeft(left));
    this.at("facts").classList.toggle("soon", left < 5 * 60_000);
  }

  /** Says something, seen and heard. */
  toast(text) {
    const toast = this.at("toast");
    toast.textContent = text;
    toast.classList.add("shown");
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => toast.classList.remove("shown"), TOAST);
  }

  /** An item of another device came in. */
  arrived() {
    if (document.hidden) this.#badge(this.unseen + 1);
  }

  /** Says that this browser stores nothing, so that unsent text depends on the open tab. */
  unkept() {
    this.#show("unkept", true);
  }

  #badge(count) {
    this.unseen = count;
    const key = this.session?.paste.key;
    document.title = `${count > 0 ? `(${count}) ` : ""}${key ? `${key} · ` : ""}Pasted`;
  }

  #show(id, isShown) {
    const node = this.at(id);
    if (node.hidden === isShown) node.hidden = !isShown;
  }

  #standing(session) {
    const { look, text } = standing(session);
    const node = this.at("standing");
    if (node.dataset.look !== look) node.dataset.look = look;
    setText(this.at("standing-text"), text);
    this.#speak(look, text);
    this.#show("stopped", session.connection === "stopped");
    setText(this.at("stopped-text"), session.stopCode === REPLACED
      ? "Another tab took over from this one."
      : "This page and the server no longer fit together.");
  }

  /** Tells a screen reader how things stand, once they stand so for a moment. */
  #speak(look, text) {
    if (look === this.look) return;
    this.look = look;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => setText(this.at("spoken"), text), SETTLED);
  }

  /** The pastes that this device had open. */
  recent(list, now) {
    this.#show("recent", list.length > 0);
    this.at("recent-list").replaceChildren(...list.map(({ key, expiresAt }) => {
      const [row, link, left] = ["li", "a", "span"].map((tag) => document.createElement(tag));
      link.href = `/${encodeURIComponent(key)}`;
      link.append(key);
      left.append(`${timeLeft(expiresAt - now)} left`);
      row.append(link, left);
      return row;
    }));
  }

  #home(session) {
    const button = this.at("make-button");
    button.disabled = session.create !== null;
    setText(button, session.create === null ? "New paste" : "Making it…");
    const longest = session.limits?.lifetimeMilliseconds ?? Infinity;
    for (const option of this.at("life").options) option.disabled = Number(option.value) > longest;
  }

  #key(paste) {
    const words = this.at("words");
    const isCode = paste.code !== null && bare(paste.code) === bare(paste.key);
    const heading = isCode ? paste.code : paste.key;
    if (words.dataset.key !== heading) {
      words.dataset.key = heading;
      words.replaceChildren(...breakable(heading));
      words.classList.toggle("stacked", /^[a-z]{3,7}(-[a-z]{3,7}){2,3}$/.test(heading)); // a word a line
      this.#badge(this.unseen);
    }
    setText(this.at("code"), paste.code ?? "");
    this.at("code-line").classList.toggle("unknown-yet", paste.code === null || isCode);
  }

  /** The way to the phone. The picture has its place before it is there; it is fetched for a key that opens. */
  #qr({ phase, key }) {
    const picture = this.at("qr");
    if (phase !== "open" || picture.alt !== "") return;
    const address = new URL(`/${encodeURIComponent(key)}`, location.href).href;
    picture.alt = `QR code of ${address}`;
    picture.onload = () => this.#show("qr", true);
    picture.src = `${address}/qr.svg`;
  }

  #facts(session, now) {
    const { paste } = session;
    this.#qr(paste);
    this.#show("share", "share" in navigator && paste.phase !== "over");
    this.tick(session, now);
    const isOpen = paste.phase === "open";
    const devices = session.connection === "live" ? Math.max(1, paste.devices) : 0;
    setText(this.at("devices"), devices === 0 ? "" : plural(devices, "device"));
    this.#show("facts", paste.phase !== "over");
    this.#show("copy-link", paste.phase !== "over");
    const menu = this.at("change");
    const canChange = paste.may("extend") || paste.may("delete");
    this.#show("change", paste.phase !== "over" && (canChange || !isOpen));
    menu.classList.toggle("unavailable", !isOpen);
    if (!isOpen) menu.open = false;
    const longest = session.limits?.lifetimeMilliseconds ?? Infinity;
    for (const button of menu.querySelectorAll("[data-life]")) {
      button.hidden = Number(button.dataset.life) > longest || !paste.may("extend");
    }
    this.#show("extend-label", paste.may("extend"));
    this.#show("delete", paste.may("delete"));
  }

  #ended(paste) {
    this.#show("ended", paste.phase === "over");
    if (paste.phase !== "over") return;
    const isDeleted = paste.reason === "deleted";
    setText(this.at("ended-title"), isDeleted ? "This paste was deleted." : "The time of this paste is over.");
    const rest = paste.loaded && paste.items.size > 0
      ? "It is gone from the server and opens nowhere any more. What stands below can be copied until you close this tab."
      : "It is gone from the server and opens nowhere any more.";
    setText(this.at("ended-text"), rest);
  }

  #composer({ paste, writable }) {
    const box = this.at("box");
    const isTyped = paste.may("edit");
    // What stands in the box when the paste ends is still the person's.
    const isHeld = !writable && box.value !== "";
    this.#show("composer", isHeld || (writable && (isTyped || paste.may("append") || box.value !== "")));
    this.#show("held", isHeld);
    this.#show("reading", writable && !isTyped);
    for (const id of ["note", "undo", "redo"]) this.#show(id, isTyped);
    this.#show("file-choice", paste.may("append"));
    this.#show("keep", paste.may("keep"));
    if (box.readOnly === isTyped) box.readOnly = !isTyped;
  }
}

/** Numbers of items whose removal was asked for. */
function* removing(session) {
  for (const { verb, fields } of session.outbox.unanswered()) if (verb === "remove") yield fields.item;
}

/** A key without what may stand between its parts. */
function bare(key) {
  return key.replace(/[\s._-]+/g, "").toLowerCase();
}

/** A key that may wrap after each hyphen. */
function* breakable(key) {
  const parts = key.split("-");
  for (const [index, part] of parts.entries()) {
    const word = document.createElement("span");
    word.className = "word";
    word.append(part);
    yield word;
    if (index === parts.length - 1) return;
    const hyphen = document.createElement("i");
    hyphen.append("-");
    word.append(hyphen);
    yield document.createElement("wbr");
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
