// What a message to the server must be, field by field: the vectors show that this says what the server says, and every
// simulated server holds the page's messages against it.

import { MessageError, fault, isFlag, isInteger, isListOf, isNumber, isOp, isString, isTarget, isText, isWhole } from "../../Public/js/shapes.js";
import { isWellFormed, MAXIMUM_OPS } from "../../Public/js/text.js";

/** Refs in the `pending` of a `subscribe`, the largest count in one operation, bytes of a key as it is written in a message. */
export const PENDING_REFS = 64;
export const OP_COUNT = 2 ** 31 - 1;
export const KEY_BYTES = 128;

/** Checks a message to the server. @throws {MessageError} with the code that the server would answer with */
export function check(message) {
  const { type } = message;
  const fields = Object.hasOwn(CLIENT, type) ? CLIENT[type] : null;
  if (fields === null) throw new MessageError("unknownType", `\`${type}\` is none of this version's types`);
  const name = fault(fields, message);
  if (name !== undefined) throw new MessageError(codeOf(name, message[name]), `\`${name}\` of \`${type}\` is missing or wrong`);
}

/** The message with its fields in the order of the vectors, and none that is absent. */
export function canonical(message) {
  const names = ["type", ...CLIENT[message.type].map(([name]) => name)];
  return Object.fromEntries(names.filter((name) => message[name] != null).map((name) => [name, message[name]]));
}

function codeOf(name, value) {
  if (typeof value === "string" && !isWellFormed(value)) return "badText";
  if (name === "client") return "badHello";
  if (name !== "ops" || !Array.isArray(value)) return "badMessage";
  return value.some((op) => typeof op === "string" && !isWellFormed(op)) ? "badText" : "badEdit";
}

const isAtMost = (limit, isGood) => (value) => isGood(value) && value.length <= limit;
const isClient = (value) => isString(value) && /^[0-9a-f]{32}$/i.test(value);
const isKey = (value) => isText(value) && new TextEncoder().encode(value).length <= KEY_BYTES;
const isOps = isAtMost(MAXIMUM_OPS, isListOf((op) => isOp(op) && (isString(op) || Math.abs(op) <= OP_COUNT)));

const REF = ["ref", isNumber];
const PASTE = ["paste", isKey, true];
const CLIENT = {
  hello: [["client", isClient]],
  create: [REF, ["key", isKey, true], ["expiresIn", isInteger, true], ["private", isFlag, true]],
  subscribe: [
    ["paste", isKey], ["after", isWhole, true], ["tag", isString, true],
    ["pending", isAtMost(PENDING_REFS, isListOf(isNumber)), true],
  ],
  append: [REF, ["text", isText], PASTE],
  edit: [REF, ["target", isTarget], ["base", isWhole], ["ops", (value) => isOps(value) && value.length > 0], PASTE],
  keep: [REF, ["base", isWhole], PASTE],
  remove: [REF, ["item", isNumber], PASTE],
  clear: [REF, ["through", isWhole], PASTE],
  extend: [REF, ["expiresIn", isInteger], PASTE],
  delete: [REF],
  unsubscribe: [],
  ping: [],
};
