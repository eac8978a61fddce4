// What survives a reload: this tab's identity, its unsent requests and what is being typed.
//
// localStorage holds, per client id `c` (prefix "pasted/"):
//   client/c           {next, used}        its next ref, and when it was last used
//   cursor/c/key       {seq, tag}          the last place in that paste's log that this client saw
//   request/c/ref      {key, entry}        one request without an answer
//   live/c/key target  {text, seq, steps}  a live text with what was typed into it and is not decided
//
// A client id belongs to one tab at a time: a Web Lock (or, without a secure context, a lease) guards it,
// and a duplicated tab, whose sessionStorage is a copy, draws a new id with an empty outbox. An id left
// behind by a closed tab is taken up again by the next page that opens the same paste, with its requests.

import { isCount } from "./text.js";

const PREFIX = "pasted/";
/** Ids without unsent requests are forgotten after this, in milliseconds: the longest life of a paste. */
const FORGET_AFTER = 30 * 86_400_000;
/** How long a lease holds without being renewed: hidden tabs get a timer only once a minute. */
const LEASE = 150_000;
const LEASE_RENEWAL = 20_000;

export class Store {
  /** Opens this tab's store for a paste (`""` on the front page). */
  static async open(key) {
    const store = new Store(key);
    store.#forgetOld();
    for (const id of store.#candidates()) {
      // The tab that had it may have left it without its record.
      if ((await hold(id)) && nextOf(id)) return store.#adopt(id);
    }
    const id = newClient();
    await hold(id);
    return store.#adopt(id);
  }

  constructor(key) {
    this.key = key;
    this.client = "";
    this.isKept = true; // false once the browser refused to store something
  }

  /** What an earlier page of this client left: `{stored, cursor, texts}`. */
  load() {
    const entries = records(`request/${this.client}/`)
      .filter(([name, { key, entry }]) => key === this.key && entry?.ref === Number(name) && isRequest(entry))
      .map(([, { entry }]) => entry);
    const cursor = read(`cursor/${this.client}/${this.key}`);
    return {
      stored: { next: nextOf(this.client) ?? 1, entries },
      cursor: isCount(cursor?.seq) && typeof cursor.tag === "string" ? cursor : null,
      texts: records(`live/${this.client}/${this.key} `)
        .map(([target, record]) => [target === "pad" ? target : Number(target), record]),
    };
  }

  /** Follows the outbox: writes what changed, the counter first, so that no ref is ever given twice. */
  saveRequests(outbox, refs) {
    const isCounted = this.#write(`client/${this.client}`, { next: outbox.next, used: Date.now() });
    // An old counter would give a used ref to a new text, which the server would take for a repeat: better none,
    // then the next page draws a new id.
    if (!isCounted) erase(`client/${this.client}`);
    for (const ref of refs) {
      const name = `request/${this.client}/${ref}`;
      const entry = outbox.get(ref);
      // A step of a live text is stored with that text.
      if (entry && entry.live === undefined) this.#write(name, { key: this.key, entry });
      else erase(name);
    }
  }

  saveCursor(cursor) {
    this.#write(`cursor/${this.client}/${this.key}`, cursor);
  }

  /** A live text with what is not decided of it; null when everything is. */
  saveText(target, record) {
    const name = `live/${this.client}/${this.key} ${target}`;
    if (record === null) erase(name);
    else this.#write(name, record);
  }

  /** What the person chose on this device, or null. */
  preference(name) {
    return read(name);
  }

  prefer(name, value) {
    this.#write(name, value);
  }

  /** The paste that the front page made is what this store is about from now on. */
  moveTo(key) {
    this.key = key;
  }

  #adopt(id) {
    this.client = id;
    quietly(() => sessionStorage.setItem(`${PREFIX}client`, id));
    this.#write(`client/${id}`, { next: nextOf(id) ?? 1, used: Date.now() });
    return this;
  }

  /** Ids that this page may continue: its own from before a reload, then those with texts for this paste. */
  #candidates() {
    const own = quietly(() => sessionStorage.getItem(`${PREFIX}client`));
    const left = [
      ...records("request/").filter(([, { key }]) => key === this.key),
      ...records("live/").filter(([name]) => name.slice(name.indexOf("/") + 1).split(" ")[0] === this.key),
    ];
    // Without its record the refs already used are unknown, and a used ref would swallow a new text.
    return new Set([own, ...left.map(ownerOf)].filter((id) => isClient(id) && nextOf(id)));
  }

  #forgetOld() {
    const isWaiting = new Set([...records("request/"), ...records("live/")].map(ownerOf));
    for (const [id, { used = 0 }] of records("client/")) {
      if (isWaiting.has(id) || Date.now() - used < FORGET_AFTER) continue;
      for (const [name] of records(`cursor/${id}/`)) erase(`cursor/${id}/${name}`);
      erase(`client/${id}`);
    }
  }

  #write(name, value) {
    const isWritten = quietly(() => {
      localStorage.setItem(PREFIX + name, JSON.stringify(value));
      return true;
    });
    if (!isWritten) this.isKept = false;
    return isWritten === true;
  }
}

/** The ref that a client gives next; null when that is not known. */
function nextOf(client) {
  const next = read(`client/${client}`)?.next;
  return isCount(next) ? next : null;
}

/** What is stored may be anything by now: sent is only what this page can have asked. */
function isRequest({ verb, fields }) {
  if (verb === "append") return typeof fields?.text === "string";
  return ["remove", "clear", "extend", "delete"].includes(verb) && Object.values(fields ?? [""]).every(isCount);
}

function newClient() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The client id in a record's name. */
function ownerOf([name]) {
  return name.split("/")[0];
}

function isClient(id) {
  return typeof id === "string" && /^[0-9a-f]{32}$/.test(id);
}

function read(name) {
  return quietly(() => JSON.parse(localStorage.getItem(PREFIX + name))) ?? null;
}

function erase(name) {
  quietly(() => localStorage.removeItem(PREFIX + name));
}

/** All records under a prefix, as [rest of the name, value]; unreadable ones are passed over. */
function records(prefix) {
  const names = quietly(() => Object.keys(localStorage)) ?? [];
  const start = PREFIX + prefix;
  return names
    .filter((name) => name.startsWith(start))
    .map((name) => [name.slice(start.length), read(name.slice(PREFIX.length))])
    .filter(([, value]) => value !== null && typeof value === "object");
}

/** Storage may be full, switched off or forbidden: then the page works without it, and says so. */
function quietly(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Takes an id for this page's whole life; false when another tab has it. */
function hold(id) {
  return navigator.locks ? lock(id) : lease(id);
}

function lock(id) {
  return new Promise((answer) => {
    navigator.locks
      .request(`${PREFIX}client/${id}`, { ifAvailable: true }, (granted) => {
        answer(granted !== null);
        return granted === null ? undefined : new Promise(() => {}); // held until the page goes away
      })
      .catch(() => answer(lease(id)));
  });
}

function lease(id) {
  const name = `lease/${id}`;
  const held = read(name);
  if (held && Date.now() - held.at < LEASE) return false;
  const renew = () => quietly(() => localStorage.setItem(PREFIX + name, JSON.stringify({ at: Date.now() })));
  renew();
  setInterval(renew, LEASE_RENEWAL);
  addEventListener("pagehide", () => erase(name));
  addEventListener("pageshow", renew);
  return true;
}
