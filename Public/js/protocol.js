// The messages of version 1, as JavaScript sees them. Pure: no DOM, no socket, no clock, no randomness.
// See Protocol/PROTOCOL.md; Tests/js/protocol.test.mjs replays the same vectors as the server's tests.
//
// The builders make plain objects with the server's order of members, checked, so that a fault of this page is
// found here and not by an answer. `parse` checks what it reads: past it a message has the fields it must have.

import { check, checked, isKnown, MessageError } from "./shapes.js";

export { EDIT_OPS, KEY_BYTES, LARGEST_INTEGER, MessageError, OP_COUNT, PENDING_REFS } from "./shapes.js";
export { isWellFormed } from "./text.js";

/** The version that this module speaks, and the WebSocket subprotocol that asks for it. */
export const VERSION = 1;
export const SUBPROTOCOL = "pasted.v1";

// From the client

/** Who this is: 32 hexadecimal digits, kept across reconnects. The first message. */
export function hello(client) {
  return checked("hello", { client });
}

/** A new paste. `key`, `expiresIn` (milliseconds) and `private` are optional. */
export function create({ ref, key, expiresIn, private: isPrivate }) {
  return checked("create", { ref, key, expiresIn, private: isPrivate || undefined });
}

/** Follow a paste, from a cursor if one is known. `pending`: refs that were sent and not answered. */
export function subscribe({ paste, cursor = null, pending = [] }) {
  return checked("subscribe", {
    paste, after: cursor?.seq, tag: cursor?.tag, pending: pending.length > 0 ? pending : undefined,
  });
}

/** Keep a new item. `paste` only without a subscription. */
export function append({ ref, text, paste }) {
  return checked("append", { ref, text, paste });
}

/** Change the pad (`target: "pad"`) or an item (its number). */
export function edit({ ref, target, base, ops, paste }) {
  return checked("edit", { ref, target, base, ops, paste });
}

/** The pad becomes an item. `base`: the seq of the pad that the person saw. */
export function keep({ ref, base, paste }) {
  return checked("keep", { ref, base, paste });
}

/** Take one item away. */
export function remove({ ref, item, paste }) {
  return checked("remove", { ref, item, paste });
}

/** Take all items away up to the number `through`. */
export function clear({ ref, through, paste }) {
  return checked("clear", { ref, through, paste });
}

/** Let the paste end `expiresIn` milliseconds from now. */
export function extend({ ref, expiresIn, paste }) {
  return checked("extend", { ref, expiresIn, paste });
}

/** End the paste now (the message `delete`, whose name JavaScript keeps for itself). */
export function deletePaste(ref) {
  return checked("delete", { ref });
}

export function unsubscribe() {
  return { type: "unsubscribe" };
}

export function ping() {
  return { type: "ping" };
}

/** The bytes that a message takes on the wire; past `welcome.limits.messageBytes` it may not be sent. */
export function messageBytes(message) {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}

// From the server

/**
 * Reads one message of the server.
 * @param {string} text One whole WebSocket message.
 * @returns {object} The message; unknown fields are still in it.
 * @throws {MessageError} `unknownType` for what a newer server may say: if `error.seq` is there, subscribe again
 *   without a cursor for a snapshot; else ignore it. `badMessage` for anything else: ignore it and log it.
 */
export function parse(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new MessageError("badMessage", "the message is no JSON");
  }
  if (message === null || typeof message !== "object" || Array.isArray(message)) {
    throw new MessageError("badMessage", "the message is no object");
  }
  const { type } = message;
  if (typeof type !== "string") throw new MessageError("badMessage", "`type` is no string");
  if (!isKnown(type)) {
    throw new MessageError("unknownType", `\`${type.slice(0, 64)}\` is none of this version's types`, message.seq);
  }
  check(message);
  return message;
}

/** Whether a message is an event of the log: it has a seq that follows the one before. */
export function isEvent({ type }) {
  return EVENTS.has(type);
}

const EVENTS = new Set(["append", "edit", "keep", "remove", "clear", "extend"]);

// Closing

/**
 * What a client does when its connection was closed with `code` (1006 if there was no close frame):
 * "comeBack" with back-off and jitter, "pasteOver" (show it as ended), "stop" (coming back would end the same
 * way). After 1009 come back without the message that was too large.
 */
export function closeRule(code) {
  if (code >= 4400 && code <= 4499) return "pasteOver";
  if (code >= 4500 && code <= 4999) return "stop";
  return [1002, 1003, 1007, 1008, 1010].includes(code) ? "stop" : "comeBack";
}
