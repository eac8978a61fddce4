// A small server for the session's tests: one paste, its log, its receipts, and connections that can be cut
// anywhere. It follows PROTOCOL.md and nothing else; whatever it remembers survives `restart`.

import { apply, transform } from "../../Public/js/text.js";
import { check } from "./client-messages.mjs";

export const REMEMBERED_REFS = 64;
export const HELD_EVENTS = 40;

export class ModelServer {
  constructor(key = "maple-otter-cabin") {
    this.key = key;
    this.connections = new Set();
    this.held = HELD_EVENTS; // events that a device can resume over, and an edit can be transformed over
    this.make();
  }

  /** A new paste under the same key: another history. */
  make() {
    this.generation = (this.generation ?? 0) + 1;
    this.log = [];
    this.tags = [`g${this.generation}`];
    this.items = new Map();
    this.pad = { text: "", seq: 0 };
    this.nextItem = 1;
    this.expiresAt = 1_000_000;
    this.receipts = new Map(); // by -> Map(ref -> event)
    this.isGone = false;
    this.now = 0;
  }

  get seq() {
    return this.log.length;
  }

  get tag() {
    return this.tags[this.seq];
  }

  connect() {
    const connection = { inbox: [{ type: "welcome", version: 1, limits: { textBytes: 1 << 20 }, now: this.now }], by: null };
    connection.isFollowing = false;
    this.connections.add(connection);
    return connection;
  }

  cut(connection) {
    this.connections.delete(connection);
  }

  expire() {
    this.isGone = true;
    for (const connection of this.connections) {
      if (connection.isFollowing) connection.inbox.push({ type: "expired", paste: this.key, reason: "expired" });
    }
  }

  receive(connection, message) {
    check(message);
    const { inbox } = connection;
    switch (message.type) {
      case "hello": connection.by = `by-${message.client}`; break;
      case "ping": inbox.push({ type: "pong" }); break;
      case "create":
        inbox.push({ type: "created", ref: message.ref, paste: this.key, code: "7K3QWD", url: "/", seq: this.seq, tag: this.tag, expiresAt: this.expiresAt });
        break;
      case "subscribe": this.#subscribe(connection, message); break;
      default: this.#request(connection, message);
    }
  }

  #subscribe(connection, { after, tag, pending = [] }) {
    const { inbox } = connection;
    if (this.isGone) {
      inbox.push({ type: "error", code: "noSuchPaste", message: "No such paste.", retry: "never" });
      return;
    }
    connection.isFollowing = true;
    const known = this.receipts.get(connection.by) ?? new Map();
    const acked = pending.filter((ref) => known.has(ref)).map((ref) => ({ ref, seq: known.get(ref).seq }));
    const isSame = after !== undefined && this.tags[after] === tag;
    const head = { seq: this.seq, tag: this.tag, now: this.now, expiresAt: this.expiresAt, you: connection.by, acked };
    if (isSame && this.seq - after <= this.held) {
      inbox.push(...this.log.slice(after), { type: "resumed", ...head });
      return;
    }
    const items = [...this.items.values()];
    const half = Math.ceil(items.length / 2);
    const snapshot = { type: "snapshot", paste: this.key, code: "7K3QWD", same: isSame, can: ["append", "edit", "keep", "remove", "clear", "extend", "delete"], pad: this.pad.text, padSeq: this.pad.seq, devices: 1 };
    if (items.length < 4) inbox.push({ ...snapshot, ...head, items });
    else inbox.push({ ...snapshot, ...head, items: items.slice(0, half), more: true }, { type: "items", items: items.slice(half) });
  }

  #request(connection, message) {
    const { inbox, by } = connection;
    if (!connection.isFollowing) {
      inbox.push({ type: "error", ref: message.ref, code: "notSubscribed", message: "Subscribe first.", retry: "never" });
      return;
    }
    if (!this.receipts.has(by)) this.receipts.set(by, new Map());
    const receipts = this.receipts.get(by);
    if (receipts.has(message.ref)) {
      inbox.push({ type: "ack", ref: message.ref, seq: receipts.get(message.ref).seq });
      return;
    }
    const oldest = receipts.size >= REMEMBERED_REFS ? Math.min(...receipts.keys()) : 0;
    if (message.ref < oldest) {
      inbox.push({ type: "error", ref: message.ref, code: "staleRef", message: "Too old.", retry: "never" });
      return;
    }
    if (this.refuse) {
      const refusal = this.refuse(message);
      if (refusal) {
        inbox.push({ type: "error", ref: message.ref, message: "No.", ...refusal });
        return;
      }
    }
    const seq = this.seq + 1;
    const event = { type: message.type, seq, tag: `${this.tags[0]}.${seq}.${by}.${message.ref}`, at: this.now, by, ref: message.ref };
    if (message.type === "append") Object.assign(event, { item: this.nextItem, text: message.text });
    if (message.type === "remove") event.item = message.item;
    if (message.type === "edit" || message.type === "keep") {
      const verdict = message.type === "edit" ? this.#edit(message) : this.#keep(message);
      if (verdict.type) return void inbox.push({ ref: message.ref, message: "No.", retry: "never", ...verdict });
      Object.assign(event, verdict);
    }
    if (message.type === "extend") event.expiresAt = this.now + message.expiresIn;
    this.#commit(event, receipts);
  }

  /** What an edit becomes, or what answers it. */
  #edit({ target, base, ops }) {
    const now = this.#textOf(target);
    if (now === undefined) return { type: "error", code: "noSuchItem" };
    if (base > this.seq) return { type: "error", code: "badEdit" };
    if (base < this.seq - this.held && base < now.seq) return { type: "error", code: "staleBase", retry: "now" };
    let change = ops;
    for (const each of this.log.slice(base)) {
      if (each.type === "edit" && each.target === target) change = transform(change, each.ops);
      if (each.type === "keep" && target === "pad") change = [change.filter((op) => typeof op === "string").join("")].filter(Boolean);
    }
    if (apply(now.text, change) === null) return { type: "error", code: "badEdit" };
    return { target, ops: change };
  }

  #keep({ ref, base }) {
    if (base > this.seq) return { type: "error", code: "badEdit" };
    if (base < this.seq - this.held && base < this.pad.seq) return { type: "error", code: "staleBase", retry: "now" };
    const earlier = this.log.slice(base).find(({ type }) => type === "keep");
    if (earlier) return { type: "ack", ref, seq: earlier.seq, item: earlier.item };
    if (this.pad.text === "") return { type: "error", code: "emptyText" };
    return { item: this.nextItem, text: this.pad.text };
  }

  #textOf(target) {
    if (target === "pad") return this.pad;
    const item = this.items.get(target);
    return item && { text: item.text, seq: item.textSeq };
  }

  #commit(event, receipts) {
    this.log.push(event);
    this.tags.push(event.tag);
    receipts.set(event.ref, event);
    if (receipts.size > REMEMBERED_REFS) receipts.delete(Math.min(...receipts.keys()));
    if (event.type === "edit") {
      const text = apply(this.#textOf(event.target).text, event.ops);
      if (event.target === "pad") this.pad = { text, seq: event.seq };
      else this.items.set(event.target, { ...this.items.get(event.target), text, textSeq: event.seq });
    }
    if (event.type === "keep") this.pad = { text: "", seq: event.seq };
    if (event.type === "append" || event.type === "keep") {
      this.items.set(event.item, { item: event.item, at: event.at, by: event.by, text: event.text, textSeq: event.seq });
      this.nextItem += 1;
    }
    if (event.type === "remove") this.items.delete(event.item);
    for (const connection of this.connections) {
      if (connection.isFollowing) connection.inbox.push(event);
    }
  }
}
