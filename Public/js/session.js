// One page's side of the protocol. Pure: no DOM, no socket, no clock, no randomness; events go in, effects
// come out, and both are plain objects. See PROTOCOL.md for the messages.
//
// This file follows a paste: which history, and how much of it, the page has. The connection is in link.js, what
// this device asks for in requests.js.
//
//   paste (its phase)
//   none --created--> asking --snapshot, resumed--> open
//   asking --refused--> unknown
//   asking, open --expired, closed 4400..4499--> over
//
// Events in:  {type: "start"} {type: "opened", carrier?} {type: "closed", code, random} {type: "timer", name, random}
//             {type: "message", message, time} {type: "wake"} {type: "network", online} {type: "act", verb, ...}
// Effects:    {type: "connect"} {type: "disconnect"} {type: "send", message} {type: "timer", name, after}
//             {type: "cancel", name} {type: "store", refs} {type: "cursor"} {type: "address", paste}
//             {type: "notice", kind, ...} {type: "record", target} {type: "text", target, ops} {type: "closed", target}
//
// Never merged: after a reconnect nothing is sent before the server has said that the history which the requests
// were made on is the same one; otherwise they are set aside and offered to the person.

import { Link, LOST } from "./link.js";
import { Paste } from "./paste.js";
import { Requests } from "./requests.js";

export { AWAKE_PATIENCE, BACKOFF_FIRST, BACKOFF_LONGEST, CONNECT_PATIENCE, PATIENCE, QUIET } from "./link.js";
export { LATER } from "./requests.js";

/** The close codes of a message beyond the wire limit, and of a paste that somebody ended. */
const TOO_LARGE = 1009;
const DELETED = 4401;

export class Session {
  /**
   * @param {{client: string, key?: string|null, stored?: object, cursor?: {seq: number, tag: string}|null,
   *   texts?: [target: "pad"|number, record: object][]}} start
   *   `client`: 32 hex digits; `key`: what to open, null on the front page; `stored`, `cursor` and `texts`: what
   *   an earlier life of this page left.
   */
  constructor({ client, key = null, stored = {}, cursor = null, texts = [] }) {
    this.effects = [];
    this.client = client;
    this.link = new Link(this.effects);
    this.requests = new Requests(stored, texts, cursor !== null, this.effects);
    this.paste = new Paste(key);
    this.limits = null;
    this.carrier = "websocket"; // or "http"
    this.clockOffset = 0;
    this.cursor = cursor;
    this.asked = null; // the cursor that the last subscribe named
    this.proven = false; // this connection's history is the one that our requests were made on
    this.isContinuous = false; // the items in memory are the state at `cursor`
  }

  /** Takes one event; returns what is to be done, in order. */
  handle(event) {
    switch (event.type) {
      case "start": this.link.connect(); break;
      case "opened": this.#opened(event.carrier); break;
      case "closed": this.#closed(event.code, event.random); break;
      case "timer": this.#timer(event.name, event.random); break;
      case "message": this.#message(event.message, event.time, event.random ?? 0.5); break;
      case "wake": this.link.wake(); break;
      case "network": this.link.network(event.online); break;
      case "act": this.#act(event); break;
      default: throw new TypeError(`no such event: ${event.type}`);
    }
    if (this.connection === "live" && this.proven && this.paste.phase === "open") {
      this.requests.flush(this.isContinuous, this.limits?.textBytes ?? Infinity);
    }
    return this.#takeEffects();
  }

  /** Whether requests can still be made of this paste. */
  get writable() {
    return this.paste.writable;
  }

  /** "idle", "connecting", "greeting", "live", "waiting" or "stopped"; then what the browser says of the network. */
  get connection() {
    return this.link.state;
  }

  get online() {
    return this.link.online;
  }

  /** What this device asked for, its live texts, and the new paste it waits for or null. */
  get outbox() {
    return this.requests.outbox;
  }

  get desk() {
    return this.requests.desk;
  }

  get create() {
    return this.requests.create;
  }

  #takeEffects() {
    const effects = [...this.effects.splice(0), ...this.desk.takeEffects()];
    const isRecord = ({ type }) => type === "record";
    const refs = this.outbox.takeChanged();
    // Stored before sent: a request that could be on the wire is never one that a reload forgets.
    return [
      ...(refs.length > 0 ? [{ type: "store", refs }] : []),
      ...effects.filter(isRecord), ...effects.filter((effect) => !isRecord(effect)),
    ];
  }

  // The connection

  #opened(carrier = "websocket") {
    this.carrier = carrier;
    this.link.opened();
    this.proven = false;
    this.paste.arriving = null;
    this.#send({ type: "hello", client: this.client });
    if (this.paste.key !== null) this.#subscribe();
  }

  #closed(code, random) {
    this.requests.interrupted();
    this.paste.arriving = null;
    this.proven = false;
    if (this.paste.phase === "over" || this.paste.phase === "unknown") return this.link.rest();
    if (this.link.lost(code, random) === "pasteOver") return this.#over(code === DELETED ? "deleted" : "expired");
    if (code === TOO_LARGE) this.requests.refuseLargest();
  }

  #timer(name, random) {
    if (this.link.timer(name)) {
      // The socket's own close may take minutes to tell.
      this.#do({ type: "disconnect" });
      return this.#closed(LOST, random);
    }
    this.requests.timer(name);
    if (name === "later" && this.connection === "live") this.requests.sendCreate();
    if (name === "again" && this.connection === "greeting" && this.paste.key !== null) this.#subscribe();
  }

  /** Follows the paste: from the known cursor when that decides something, else from a whole snapshot. */
  #subscribe() {
    const pending = this.outbox.pendingRefs();
    // Where events can't continue from it, a cursor is still worth naming to learn whether unsent requests
    // belong to this history.
    const isUnproven = !this.proven && (this.paste.loaded || pending.length > 0 || this.desk.unsent > 0);
    this.asked = this.cursor !== null && (this.isContinuous || isUnproven) ? this.cursor : null;
    this.#send({
      type: "subscribe", paste: this.paste.key, ...(this.asked && { after: this.asked.seq, tag: this.asked.tag }),
      ...(pending.length > 0 && { pending }),
    });
  }

  /** Subscribes once more on this connection. */
  #greetAgain() {
    this.link.greetAgain();
    this.#subscribe();
  }

  // Messages

  #message(message, time, random) {
    if (this.connection === "idle" || this.connection === "waiting" || this.connection === "stopped") return;
    this.link.heard();
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
    this.link.level();
    this.requests.sendCreate();
  }

  #created(message) {
    if (!this.create || message.ref !== this.create.ref) return;
    this.requests.create = null;
    this.paste.made(message);
    // A paste without events is known whole: its events can follow right on.
    this.isContinuous = message.seq === 0;
    this.#do({ type: "address", paste: message.paste });
    this.#moveTo(message);
    this.#greetAgain();
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
    this.#moveTo(message);
    for (const each of message.acked ?? []) this.#acked(each);
    if (!isSame) this.requests.returnAll("otherHistory", "Written for an earlier paste with this key.");
    this.proven = true;
    this.link.level();
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
    if (isOwn) this.requests.done(message.ref);
  }

  #tell(event, isOwn) {
    const isItem = (event.type === "append" || event.type === "keep") && this.paste.items.has(event.item);
    if (isItem) this.#do({ type: "notice", kind: isOwn ? "kept" : "arrived", item: event.item });
    if (event.type === "extend") this.#do({ type: "notice", kind: "extended" });
  }

  /** Told that a request took effect, whose event may still be on its way. */
  #acked(receipt) {
    const isKnown = this.isContinuous && !this.paste.arriving && receipt.seq <= this.cursor.seq;
    this.requests.acked(receipt, isKnown);
  }

  #over(reason) {
    this.requests.returnAll("pasteOver", "Not sent before this paste ended.");
    this.desk.end();
    this.paste.end(reason);
    this.#rest();
    this.#do({ type: "notice", kind: this.paste.reason });
  }

  #unknown(message) {
    this.requests.returnAll("unknownKey", "No paste opens with this key.");
    this.desk.asideAll("unknownKey", "No paste opens with this key.");
    this.paste.phase = "unknown";
    this.paste.reason = message ?? null;
    this.#rest();
  }

  #rest() {
    this.requests.interrupted();
    this.link.rest();
    this.#do({ type: "disconnect" });
  }

  #refused(error, random) {
    const wait = this.requests.waitAfter(error, random);
    if (error.ref === undefined) return this.#subscribeRefused(error, wait);
    if (!this.requests.refused(error, wait)) return;
    this.isContinuous = false;
    this.#greetAgain();
  }

  /** An error that names no request answers the subscribe, while one is open. */
  #subscribeRefused(error, wait) {
    if (this.connection !== "greeting" || this.paste.key === null) {
      this.#do({ type: "notice", kind: "error", message: error.message });
    } else if (error.retry !== "never") {
      this.link.greetLater(wait);
      this.requests.explain(wait, error);
    } else if (this.paste.loaded || this.cursor !== null) {
      this.#over("expired");
    } else {
      this.#unknown(error.message);
    }
  }

  // What the person does

  #act(event) {
    if (event.verb === "create") {
      if (this.create || this.paste.key !== null) return;
      this.requests.ask(event);
      if (this.connection === "live") this.requests.sendCreate();
      else if (this.connection === "idle") this.link.connect();
    } else {
      this.requests.act(event, this.paste);
    }
    this.link.hurry();
  }

  #send(message) {
    this.#do({ type: "send", message });
  }

  #do(effect) {
    this.effects.push(effect);
  }
}
