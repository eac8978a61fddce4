// One page's side of the protocol. Pure: no DOM, no socket, no clock, no randomness; events go in, effects
// come out, and both are plain objects. See PROTOCOL.md for the messages.
//
//   connection                                           paste
//   idle --start, create--> connecting                   none --created--> asking
//   connecting --opened--> greeting                      asking --snapshot, resumed--> open
//   greeting --welcome, level--> live                    asking --refused--> unknown
//   connecting, greeting, live --closed--> waiting       asking, open --expired--> over
//   waiting --timer, wake--> connecting
//   any --closed 4400..4499, expired--> idle (over)
//   any --closed 4500..4999, RFC 6455 codes that blame us--> stopped
//
// Events in:  {type: "start"} {type: "opened"} {type: "closed", code, random} {type: "timer", name, random}
//             {type: "message", message, time} {type: "wake"} {type: "network", online} {type: "act", verb, ...}
// Effects:    {type: "connect"} {type: "disconnect"} {type: "send", message} {type: "timer", name, after}
//             {type: "cancel", name} {type: "store", refs} {type: "cursor"} {type: "address", paste}
//             {type: "notice", kind, ...} {type: "record", target} {type: "text", target, ops} {type: "closed", target}
//
// Exactly once: a request stays in the outbox under its ref until its own event, an `ack` or `acked` names
// it. Never merged: after a reconnect nothing is sent before the server has said that the history which the
// requests were made on is the same one; otherwise they are set aside and offered to the person.

import { Desk } from "./desk.js";
import { Outbox } from "./outbox.js";
import { Paste } from "./paste.js";
import * as protocol from "./protocol.js";

/** First and longest wait before connecting again, in milliseconds; each wait is random below its bound. */
export const BACKOFF_FIRST = 500;
export const BACKOFF_LONGEST = 30_000;
/** Silence after which a live connection is asked for a sign of life, and the wait for that sign. */
export const QUIET = 45_000;
export const PATIENCE = 8_000;
/** The same wait when the page wakes: a person looks at it. */
export const AWAKE_PATIENCE = 2_500;
/** From asking for a connection to being level: past it the attempt counts as failed. */
export const CONNECT_PATIENCE = 20_000;
/** The first wait after a "later" that names none; it doubles up to BACKOFF_LONGEST. */
export const LATER = 1_000;
/** The close codes of a message beyond the wire limit, of a lost connection, of a paste that somebody ended, of a newer connection. */
const TOO_LARGE = 1009;
const LOST = 1006;
const DELETED = 4401;
const REPLACED = 4500;
/** The most connections of our own that are believed to replace a newer one because the server hears of them late. */
const GHOSTS = 8;
/** Builders of the requests, by the verb that the outbox stores. */
const REQUESTS = {
  append: protocol.append, edit: protocol.edit, keep: protocol.keep, remove: protocol.remove, clear: protocol.clear, extend: protocol.extend,
  delete: ({ ref }) => protocol.deletePaste(ref),
};

export class Session {
  /**
   * @param {{client: string, key?: string|null, stored?: object, cursor?: {seq: number, tag: string}|null,
   *   texts?: [target: "pad"|number, record: object][]}} start
   *   `client`: 32 hex digits; `key`: what to open, null on the front page; `stored`, `cursor` and `texts`: what
   *   an earlier life of this page left.
   */
  constructor({ client, key = null, stored = {}, cursor = null, texts = [] }) {
    this.client = client;
    this.outbox = new Outbox(stored);
    this.desk = new Desk(this.outbox, texts, cursor !== null);
    this.isPacing = false; // the next edit of a long text waits for its timer
    this.connection = "idle";
    this.online = true;
    this.attempts = 0;
    this.stopCode = 0;
    this.limits = null;
    this.clockOffset = 0;
    this.create = null;
    this.holdUntilTimer = false;
    this.ghosts = 1; // lost connections that the server may hear of yet; one of this page's earlier life at first
    this.refusals = 0; // in a row, without a request that took effect between
    this.paste = new Paste(key);
    this.cursor = cursor;
    this.proven = false; // this connection's history is the one that our requests were made on
    this.asked = null; // the cursor that the last subscribe named
    this.isContinuous = false; // the items in memory are the state at `cursor`
    this.effects = [];
  }

  /** Takes one event; returns what is to be done, in order. */
  handle(event) {
    this.effects = [];
    switch (event.type) {
      case "start": this.#connect(); break;
      case "opened": this.#opened(); break;
      case "closed": this.#closed(event.code, event.random); break;
      case "timer": this.#timer(event.name, event.random); break;
      case "message": this.#message(event.message, event.time, event.random ?? 0.5); break;
      case "wake": this.#wake(); break;
      case "network": this.#network(event.online); break;
      case "act": this.#act(event); break;
      default: throw new TypeError(`no such event: ${event.type}`);
    }
    this.effects.push(...this.desk.takeEffects());
    const records = this.effects.filter(({ type }) => type === "record");
    if (records.length > 0) this.effects = [...records, ...this.effects.filter(({ type }) => type !== "record")];
    const refs = this.outbox.takeChanged();
    // Stored before sent: a request that could be on the wire is never one that a reload forgets.
    if (refs.length > 0) this.effects.unshift({ type: "store", refs });
    return this.effects;
  }

  /** Whether requests can still be made of this paste. */
  get writable() {
    return this.paste.writable;
  }

  // The connection

  #connect() {
    if (this.connection === "stopped" || this.paste.phase === "over" || this.paste.phase === "unknown") return;
    this.connection = "connecting";
    this.#do({ type: "connect" });
    this.#do({ type: "timer", name: "connect", after: CONNECT_PATIENCE });
  }

  #opened() {
    this.connection = "greeting";
    this.proven = false;
    this.paste.arriving = null;
    this.#send(protocol.hello(this.client));
    if (this.paste.key !== null) this.#subscribe();
  }

  /** Follows the paste: from the known cursor when that decides something, else from a whole snapshot. */
  #subscribe() {
    const pending = this.outbox.pendingRefs();
    // Where events can't continue from it, a cursor is still worth naming to learn whether unsent requests
    // belong to this history.
    const isUnproven = !this.proven && (this.paste.loaded || pending.length > 0 || this.desk.unsent > 0);
    this.asked = this.cursor !== null && (this.isContinuous || isUnproven) ? this.cursor : null;
    this.#send(protocol.subscribe({ paste: this.paste.key, cursor: this.asked, pending }));
  }

  #closed(code, random) {
    const wasStopped = this.connection === "stopped";
    this.outbox.interrupted();
    this.paste.arriving = null;
    this.proven = false;
    this.holdUntilTimer = false;
    this.isPacing = false;
    for (const name of ["connect", "quiet", "pong", "later", "again", "pace"]) this.#do({ type: "cancel", name });
    if (this.paste.phase === "over" || this.paste.phase === "unknown") {
      this.connection = "idle";
    } else if (protocol.closeRule(code) === "pasteOver") {
      this.#over(code === DELETED ? "deleted" : "expired");
    } else if (protocol.closeRule(code) === "stop" && !this.#isReplacedByGhost(code)) {
      this.connection = "stopped";
      this.stopCode = code;
    } else if (!wasStopped) {
      if (code === TOO_LARGE) this.#refuseLargest();
      if (code === LOST) this.ghosts = Math.min(GHOSTS, this.ghosts + 1);
      this.connection = "waiting";
      const bound = Math.min(BACKOFF_LONGEST, BACKOFF_FIRST * 2 ** Math.min(this.attempts, 16));
      this.attempts += 1;
      this.#do({ type: "timer", name: "reconnect", after: Math.floor(random * bound) });
    }
  }

  /**
   * The client id is this page's alone, so it can be a lost connection of its own that came to the server after the
   * one that followed it. Once each: what goes on replacing us is another page with our id, which has it then.
   */
  #isReplacedByGhost(code) {
    if (code !== REPLACED || this.ghosts === 0) return false;
    this.ghosts -= 1;
    return true;
  }

  /** A message beyond the wire limit closes the connection; sending it again would close it again. */
  #refuseLargest() {
    let largest = null;
    for (const entry of this.outbox.unanswered()) {
      const length = entry.fields.text?.length ?? 0;
      if (length > (largest?.fields.text.length ?? 0)) largest = entry;
    }
    if (largest) this.#giveBack(largest, "refused", "textTooLarge", protocol.explain("textTooLarge"));
  }

  #timer(name, random) {
    switch (name) {
      case "reconnect":
        if (this.connection === "waiting") this.#connect();
        break;
      case "connect":
        if (this.connection === "connecting" || this.connection === "greeting") this.#drop(random);
        break;
      case "quiet":
        this.#probe();
        break;
      case "pong":
        if (this.connection === "live") this.#drop(random);
        break;
      case "later":
        this.holdUntilTimer = false;
        this.#sendCreate();
        this.#flush();
        break;
      case "pace":
        this.isPacing = false;
        this.#flush();
        break;
      case "again":
        if (this.connection === "greeting" && this.paste.key !== null) this.#subscribe();
        break;
    }
  }

  /** Gives up on a connection that does not answer; the socket's own close may take minutes to tell. */
  #drop(random) {
    this.#do({ type: "disconnect" });
    this.#closed(LOST, random);
  }

  #probe(patience = PATIENCE) {
    if (this.connection !== "live") return;
    this.#send(protocol.ping());
    this.#do({ type: "timer", name: "pong", after: patience });
  }

  #wake() {
    if (this.connection === "waiting") {
      this.#do({ type: "cancel", name: "reconnect" });
      this.#connect();
    } else if (this.connection === "live") {
      this.#probe(AWAKE_PATIENCE);
    } else if (this.connection === "connecting" || this.connection === "greeting") {
      // It may have been asked for before the sleep, over a network that is no more.
      this.#do({ type: "timer", name: "connect", after: PATIENCE });
    }
  }

  #network(online) {
    this.online = online;
    if (online || this.connection === "waiting") this.#wake();
    else this.#probe();
  }

  // Messages

  #message(message, time, random) {
    if (this.connection === "idle" || this.connection === "waiting" || this.connection === "stopped") return;
    if (this.connection === "live") {
      this.#do({ type: "cancel", name: "pong" });
      this.#do({ type: "timer", name: "quiet", after: QUIET });
    }
    this.online = true; // whatever the browser believes
    if (typeof message.now === "number") this.clockOffset = message.now - time;
    switch (message.type) {
      case "welcome": return this.#welcome(message);
      case "created": return this.#created(message);
      case "snapshot": return this.#snapshot(this.paste.snapshot(message));
      case "items": return this.#snapshot(this.paste.moreItems(message));
      case "resumed": return this.#resumed(message);
      case "ack": return this.#acked(message);
      case "expired": return this.#over(message.reason);
      case "devices": this.paste.devices = message.count; return;
      case "error": return this.#refused(message, random);
      case "pong": return;
    }
    if (Number.isInteger(message.seq)) this.#event(message);
  }

  #welcome(message) {
    this.limits = message.limits ?? null;
    if (this.paste.key !== null) return;
    this.#live();
    this.#sendCreate();
  }

  #live() {
    this.connection = "live";
    this.attempts = 0;
    this.#do({ type: "cancel", name: "connect" });
    this.#do({ type: "timer", name: "quiet", after: QUIET });
  }

  #sendCreate() {
    if (this.create && this.connection === "live") this.#send(protocol.create(this.create));
  }

  #created(message) {
    if (!this.create || message.ref !== this.create.ref) return;
    this.create = null;
    this.paste.made(message);
    // A paste without events is known whole: its events can follow right on.
    this.isContinuous = message.seq === 0;
    this.#do({ type: "address", paste: message.paste });
    this.#moveTo(message);
    this.#greetAgain();
  }

  /** Subscribes once more on this connection. */
  #greetAgain() {
    this.connection = "greeting";
    this.#do({ type: "timer", name: "connect", after: CONNECT_PATIENCE });
    this.#subscribe();
  }

  /** A snapshot is taken when its last part has come; null until then. */
  #snapshot(head) {
    if (head === null) return;
    // No cursor was named: nothing of ours was made on another history than this one.
    const isSame = this.asked === null || head.same === true;
    this.isContinuous = true;
    this.desk.level(this.paste, new Set((head.acked ?? []).map(({ ref }) => ref)), isSame);
    this.#level(head, isSame);
  }

  #resumed(message) {
    if (message.expiresAt !== undefined) this.paste.expiresAt = message.expiresAt;
    if (message.you !== undefined) this.paste.you = message.you;
    if (!this.isContinuous) {
      // After a reload: the cursor proved that the history is ours; now fetch what it holds.
      this.proven = true;
      for (const each of message.acked ?? []) this.#acked(each);
      this.#subscribe();
      return;
    }
    this.paste.phase = "open";
    this.#level(message, true);
  }

  /** The page is level with the server: decide what becomes of the outbox, then go on. */
  #level(message, isSame) {
    for (const each of message.acked ?? []) this.#acked(each);
    if (!isSame) {
      this.#returnAll("otherHistory", "Written for an earlier paste with this key.");
    }
    this.proven = true;
    this.#moveTo(message);
    this.#live();
    this.#flush();
  }

  #moveTo({ seq, tag }) {
    this.cursor = { seq, tag };
    this.#do({ type: "cursor" });
  }

  #event(message) {
    const isOwn = message.by !== undefined && message.by === this.paste.you;
    if (!this.isContinuous || this.paste.arriving || message.seq <= this.cursor.seq) {
      if (isOwn) this.#acked(message);
      return;
    }
    if (message.seq !== this.cursor.seq + 1 || !this.paste.apply(message)) {
      // A gap, or a kind of event that this page is too old for: the whole state answers either.
      this.isContinuous = false;
      this.#greetAgain();
      return;
    }
    this.#moveTo(message);
    this.desk.event(message, isOwn, this.paste);
    this.#tell(message, isOwn);
    if (isOwn) this.#acknowledge(message.ref);
  }

  #tell(event, isOwn) {
    const isItem = (event.type === "append" || event.type === "keep") && this.paste.items.has(event.item);
    if (isItem) this.#do({ type: "notice", kind: isOwn ? "kept" : "arrived", item: event.item });
    if (event.type === "extend") this.#do({ type: "notice", kind: "extended" });
  }

  /** Told by `ack` or `acked` that a request took effect, whose event may still be on its way. */
  #acked({ ref, seq }) {
    const entry = this.outbox.get(ref);
    if (entry?.live !== undefined) {
      const isKnown = this.isContinuous && !this.paste.arriving && seq <= this.cursor.seq;
      if (!this.desk.acked(entry, seq, isKnown)) return;
    }
    this.#acknowledge(ref);
  }

  #acknowledge(ref) {
    const entry = this.outbox.get(ref);
    if (entry?.state === "aside") return;
    this.refusals = 0;
    this.outbox.remove(ref);
    this.#flush(); // also what a live text held back until now
  }

  #over(reason) {
    this.#returnAll("pasteOver", "Not sent before this paste ended.");
    this.desk.end();
    this.paste.end(reason);
    this.connection = "idle";
    for (const name of ["connect", "quiet", "pong", "later", "again", "reconnect"]) this.#do({ type: "cancel", name });
    this.#do({ type: "disconnect" });
    this.#do({ type: "notice", kind: this.paste.reason });
  }

  // Refusals

  #refused(error, random) {
    const entry = error.ref === undefined ? undefined : this.outbox.get(error.ref);
    const wait = error.retryAfter ?? Math.min(BACKOFF_LONGEST, LATER * 2 ** Math.min(this.refusals, 16)) * (0.5 + random / 2);
    if (error.retry !== "never") this.refusals += 1;
    if (this.create && error.ref === this.create.ref) {
      if (error.retry === "never") {
        this.create = null;
        this.#do({ type: "notice", kind: "notCreated", message: error.message });
      } else {
        this.#do({ type: "timer", name: "later", after: wait });
      }
    } else if (entry?.live !== undefined && (error.retry === "never" || error.code === "staleBase")) {
      // The text knows what to do; for some refusals it needs the whole state.
      if (this.desk.refused(entry, error)) {
        this.isContinuous = false;
        this.#greetAgain();
      } else {
        this.#flush();
      }
    } else if (entry) {
      if (entry.verb === "remove" && error.code === "noSuchItem") {
        this.#acknowledge(entry.ref); // somebody was faster: it is gone, as was asked
      } else if (error.retry === "never") {
        this.#giveBack(entry, "refused", error.code, error.message);
        this.#flush();
      } else {
        this.outbox.mark(entry.ref, { state: "waiting" });
        this.holdUntilTimer = true;
        this.#do({ type: "timer", name: "later", after: wait });
      }
    } else if (error.ref === undefined) {
      this.#connectionRefused(error, wait);
    }
  }

  /** An error that names no request answers the subscribe, while one is open. */
  #connectionRefused(error, wait) {
    if (this.connection !== "greeting" || this.paste.key === null) {
      this.#do({ type: "notice", kind: "error", message: error.message });
    } else if (error.retry === "never") {
      if (this.paste.loaded || this.cursor !== null) return this.#over("expired");
      this.#returnAll("unknownKey", "No paste opens with this key.");
      this.desk.asideAll("unknownKey", "No paste opens with this key.");
      this.paste.phase = "unknown";
      this.paste.reason = error.message ?? null;
      this.connection = "idle";
      this.#do({ type: "cancel", name: "connect" });
      this.#do({ type: "disconnect" });
    } else {
      this.#do({ type: "timer", name: "again", after: wait });
      this.#do({ type: "timer", name: "connect", after: wait + CONNECT_PATIENCE });
    }
  }

  #returnAll(code, message) {
    for (const entry of this.outbox.unanswered()) if (entry.live === undefined) this.#giveBack(entry, "aside", code, message);
  }

  /** Texts go back to the person; a request without one is only told. */
  #giveBack(entry, state, code, message) {
    if (entry.fields.text === undefined) {
      this.outbox.remove(entry.ref);
      if (state === "refused") this.#do({ type: "notice", kind: "error", message });
    } else {
      this.outbox.mark(entry.ref, { state, code, message });
      this.#do({ type: "notice", kind: "returned", message });
    }
  }

  // What the person does

  #act(event) {
    switch (event.verb) {
      case "create":
        if (this.create || this.paste.key !== null) return;
        this.create = { ref: this.outbox.next, ...(event.expiresIn ? { expiresIn: event.expiresIn } : {}) };
        this.outbox.next += 1;
        this.#do({ type: "store", refs: [] });
        if (this.connection === "live") this.#sendCreate();
        else this.#wakeForWork();
        return;
      case "append": return this.#request("append", { text: event.text });
      case "type":
      case "keep":
      case "open":
      case "close":
        this.desk.act(event, this.paste);
        this.#flush();
        this.#wakeForWork();
        return;
      case "remove": return this.#request("remove", { item: event.item });
      case "clear": return this.#request("clear", { through: event.through });
      case "extend": return this.#request("extend", { expiresIn: event.expiresIn });
      case "delete": return this.#request("delete", {});
      case "again": {
        const entry = this.outbox.get(event.ref);
        if (!entry || (entry.state !== "refused" && entry.state !== "aside")) return;
        this.outbox.remove(event.ref);
        return this.#request(entry.verb, entry.fields);
      }
      case "discard": {
        const entry = this.outbox.get(event.ref);
        // One that may be on the wire, or may have been before a reload, can't be taken back.
        if (entry && (entry.state === "refused" || entry.state === "aside")) this.outbox.remove(event.ref);
        return;
      }
    }
  }

  #request(verb, fields) {
    if (!this.writable) return;
    const isRepeat = (entry) => entry.verb === verb && verb === "remove" && entry.fields.item === fields.item;
    if (this.outbox.unanswered().some(isRepeat)) return;
    this.outbox.add(verb, fields);
    this.#flush();
    this.#wakeForWork();
  }

  /** Somebody waits for this: don't sit out a long back-off. */
  #wakeForWork() {
    if (this.connection === "waiting" && this.attempts > 3) this.#wake();
    if (this.connection === "idle" && this.paste.key === null) this.#connect();
  }

  #flush() {
    if (this.connection !== "live" || !this.proven || this.holdUntilTimer || this.paste.phase !== "open") return;
    if (!this.isPacing && this.isContinuous) {
      const wait = this.desk.start(this.limits?.textBytes ?? Infinity);
      if (wait > 0) {
        this.isPacing = true;
        this.#do({ type: "timer", name: "pace", after: wait });
      }
    }
    for (let entry = this.outbox.nextToSend(); entry; entry = this.outbox.nextToSend()) {
      this.#send(REQUESTS[entry.verb]({ ref: entry.ref, ...entry.fields }));
      this.outbox.mark(entry.ref, { state: "sent" });
    }
  }

  #send(message) {
    this.#do({ type: "send", message });
  }

  #do(effect) {
    this.effects.push(effect);
  }
}
