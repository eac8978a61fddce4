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

import { createLink, LOST } from "./link.js";
import { Paste } from "./paste.js";
import { createRequests } from "./requests.js";

export { AWAKE_PATIENCE, BACKOFF_FIRST, BACKOFF_LONGEST, CONNECT_PATIENCE, PATIENCE, QUIET } from "./link.js";
export { LATER } from "./requests.js";

/** The close codes of a message beyond the wire limit, and of a paste that somebody ended. */
const TOO_LARGE = 1009;
const DELETED = 4401;

/** @typedef {ReturnType<typeof createSession>} Session */

/**
 * @param {{client: string, key?: string|null, stored?: object, cursor?: {seq: number, tag: string}|null,
 *   texts?: [target: "pad"|number, record: object][]}} start
 *   `client`: 32 hex digits; `key`: what to open, null on the front page; `stored`, `cursor` and `texts`: what
 *   an earlier life of this page left.
 */
export function createSession({ client, key = null, stored = {}, cursor = null, texts = [] }) {
  const effects = [];
  const link = createLink(effects);
  const requests = createRequests(stored, texts, cursor !== null, effects);
  const { outbox, desk } = requests;
  const paste = new Paste(key);
  let limits = null;
  let carrier = "websocket"; // or "http"
  let clockOffset = 0;
  let asked = null; // the cursor that the last subscribe named
  let proven = false; // this connection's history is the one that our requests were made on
  let isContinuous = false; // the items in memory are the state at `cursor`
  return {
    handle,
    paste,
    link,
    /** What this device asked for, and its live texts. */
    outbox,
    desk,
    /** The limits as the server told them, null before. */
    get limits() { return limits; },
    get carrier() { return carrier; },
    get clockOffset() { return clockOffset; },
    get cursor() { return cursor; },
    /** "idle", "connecting", "greeting", "live", "waiting" or "stopped". */
    get connection() { return link.state; },
    /** The new paste that is waited for, or null. */
    get create() { return requests.create; },
  };

  /** Takes one event; returns what is to be done, in order. */
  function handle(event) {
    switch (event.type) {
      case "start": link.connect(); break;
      case "opened": opened(event.carrier); break;
      case "closed": closed(event.code, event.random); break;
      case "timer": timer(event.name, event.random); break;
      case "message": take(event.message, event.time, event.random ?? 0.5); break;
      case "wake": link.wake(); break;
      case "network": link.network(event.online); break;
      case "act": act(event); break;
      default: throw new TypeError(`no such event: ${event.type}`);
    }
    if (link.state === "live" && proven && paste.phase === "open") requests.flush(isContinuous, limits?.textBytes ?? Infinity);
    return takeEffects();
  }

  function takeEffects() {
    const all = [...effects.splice(0), ...desk.takeEffects()];
    const isRecord = ({ type }) => type === "record";
    const refs = outbox.takeChanged();
    // Stored before sent: a request that could be on the wire is never one that a reload forgets.
    return [
      ...(refs.length > 0 ? [{ type: "store", refs }] : []),
      ...all.filter(isRecord), ...all.filter((effect) => !isRecord(effect)),
    ];
  }

  // The connection

  function opened(by = "websocket") {
    carrier = by;
    link.opened();
    proven = false;
    paste.arriving = null;
    send({ type: "hello", client });
    if (paste.key !== null) subscribe();
  }

  function closed(code, random) {
    requests.interrupted();
    paste.arriving = null;
    proven = false;
    if (paste.phase === "over" || paste.phase === "unknown") return link.rest();
    if (link.lost(code, random) === "pasteOver") return over(code === DELETED ? "deleted" : "expired");
    if (code === TOO_LARGE) requests.refuseLargest();
  }

  function timer(name, random) {
    if (link.timer(name)) {
      // The socket's own close may take minutes to tell.
      effects.push({ type: "disconnect" });
      return closed(LOST, random);
    }
    requests.timer(name);
    if (name === "later" && link.state === "live") requests.sendCreate();
    if (name === "again" && link.state === "greeting" && paste.key !== null) subscribe();
  }

  /** Asks for the state: from the known cursor when that decides something, else from a whole snapshot. */
  function subscribe() {
    const pending = outbox.pendingRefs();
    // Where events can't continue from it, a cursor is still worth naming to learn whether unsent requests
    // belong to this history.
    const isUnproven = !proven && (paste.loaded || pending.length > 0 || desk.unsent > 0);
    asked = isContinuous || isUnproven ? cursor : null;
    send({
      type: "subscribe", paste: paste.key, ...(asked && { after: asked.seq, tag: asked.tag }),
      ...(pending.length > 0 && { pending }),
    });
  }

  /** Subscribes once more on this connection. */
  function greetAgain() {
    link.greetAgain();
    subscribe();
  }

  // Messages

  function take(message, time, random) {
    if (["idle", "waiting", "stopped"].includes(link.state)) return;
    link.heard();
    if (typeof message.now === "number") clockOffset = message.now - time;
    switch (message.type) {
      case "welcome": return welcome(message);
      case "created": return created(message);
      case "snapshot": return snapshot(paste.snapshot(message));
      case "items": return snapshot(paste.moreItems(message));
      case "resumed": return resumed(message);
      case "ack": return acked(message);
      case "expired": return over(message.reason);
      case "devices": paste.devices = message.count; return;
      case "error": return refused(message, random);
      case "pong": return;
    }
    if (Number.isInteger(message.seq)) logged(message);
  }

  function welcome(message) {
    limits = message.limits ?? null;
    if (paste.key !== null) return;
    link.level();
    requests.sendCreate();
  }

  function created(message) {
    if (message.ref !== requests.create?.ref) return;
    requests.create = null;
    paste.made(message);
    // A paste without events is known whole: its events can follow right on.
    isContinuous = message.seq === 0;
    effects.push({ type: "address", paste: message.paste });
    moveTo(message);
    greetAgain();
  }

  /** A snapshot is taken when its last part has come; null until then. */
  function snapshot(head) {
    if (head === null) return;
    // No cursor was named: nothing of ours was made on another history than this one.
    const isSame = asked === null || head.same === true;
    isContinuous = true;
    desk.level(paste, new Set(head.acked.map(({ ref }) => ref)), isSame);
    level(head, isSame);
  }

  function resumed(message) {
    if (message.expiresAt !== undefined) paste.expiresAt = message.expiresAt;
    if (message.you !== undefined) paste.you = message.you;
    if (!isContinuous) {
      // After a reload: the cursor proved that the history is ours; now fetch what it holds.
      proven = true;
      message.acked.forEach(acked);
      return subscribe();
    }
    paste.phase = "open";
    level(message, true);
  }

  /** The page is level with the server: decide what becomes of the outbox, then go on. */
  function level(message, isSame) {
    moveTo(message);
    message.acked.forEach(acked);
    if (!isSame) requests.returnAll("otherHistory", "Written for an earlier paste with this key.");
    proven = true;
    link.level();
  }

  function moveTo({ seq, tag }) {
    cursor = { seq, tag };
    effects.push({ type: "cursor" });
  }

  /** An event of the log. */
  function logged(message) {
    const isOwn = message.by !== undefined && message.by === paste.you;
    if (!isContinuous || paste.arriving || message.seq <= cursor.seq) {
      if (isOwn) acked(message);
      return;
    }
    if (message.seq !== cursor.seq + 1 || !paste.apply(message)) {
      // A gap, or a kind of event that this page is too old for: the whole state answers either.
      isContinuous = false;
      return greetAgain();
    }
    moveTo(message);
    desk.event(message, isOwn, paste);
    const { type, item } = message;
    if ((type === "append" || type === "keep") && paste.items.has(item)) tell(isOwn ? "kept" : "arrived", { item });
    if (type === "extend") tell("extended");
    if (isOwn) requests.done(message.ref);
  }

  /** Told that a request took effect, whose event may still be on its way. */
  function acked(receipt) {
    requests.acked(receipt, isContinuous && !paste.arriving && receipt.seq <= cursor.seq);
  }

  function over(reason) {
    requests.returnAll("pasteOver", "Not sent before this paste ended.");
    desk.end();
    paste.end(reason);
    rest();
    tell(paste.reason);
  }

  function unknown(message) {
    const why = ["unknownKey", "No paste opens with this key."];
    requests.returnAll(...why);
    desk.asideAll(...why);
    paste.phase = "unknown";
    paste.reason = message ?? null;
    rest();
  }

  function rest() {
    requests.interrupted();
    link.rest();
    effects.push({ type: "disconnect" });
  }

  function refused(error, random) {
    const wait = requests.waitAfter(error, random);
    if (error.ref === undefined) return subscribeRefused(error, wait);
    if (!requests.refused(error, wait)) return;
    isContinuous = false;
    greetAgain();
  }

  /** An error that names no request answers the subscribe, while one is open. */
  function subscribeRefused(error, wait) {
    if (link.state !== "greeting" || paste.key === null) {
      tell("error", { message: error.message });
    } else if (error.retry !== "never") {
      link.greetLater(wait);
      requests.explain(wait, error);
    } else if (paste.loaded || cursor !== null) {
      over("expired");
    } else {
      unknown(error.message);
    }
  }

  // What the person does

  function act(event) {
    if (event.verb !== "create") {
      requests.act(event, paste);
    } else if (requests.create === null && paste.key === null) {
      requests.ask(event);
      if (link.state === "live") requests.sendCreate();
      else if (link.state === "idle") link.connect();
    }
    link.hurry();
  }

  function send(message) {
    effects.push({ type: "send", message });
  }

  function tell(kind, about) {
    effects.push({ type: "notice", kind, ...about });
  }
}
