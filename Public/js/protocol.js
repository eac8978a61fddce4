// The messages of version 1, as JavaScript sees them. Pure: no DOM, no socket, no clock, no randomness.
// See Protocol/PROTOCOL.md; Tests/js/protocol.test.mjs replays the same vectors as the server's tests.
//
// A message to the server is a plain object: `{type: "append", ref, text}`. What comes from it is checked by `parse`: past it
// a message has the fields it must have.

import { check, isKnown, MessageError } from "./shapes.js";

/** The WebSocket subprotocol that asks for this version. */
export const SUBPROTOCOL = "pasted.v1";

/**
 * Reads one message of the server.
 * @param {string} text One whole WebSocket message.
 * @returns {object} The message; unknown fields are still in it.
 * @throws {MessageError} `unknownType` for what a newer server may say: if `error.seq` is there, subscribe again
 *   without a cursor for a snapshot; else ignore it. `badMessage` for anything else: ignore it and log it.
 */
export function parse(text) {
  let message = null;
  try {
    message = JSON.parse(text);
  } catch {
    // No JSON is no message.
  }
  const type = message?.type;
  if (typeof type !== "string") throw new MessageError("badMessage", "the message has no `type`");
  if (!isKnown(type)) throw new MessageError("unknownType", `\`${type.slice(0, 64)}\` is none of this version's types`, message.seq);
  check(message);
  return message;
}

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
