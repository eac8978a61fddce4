// What the page reads of each message of the server, field by field, and what it must be. What the page sends is made from what
// it was told, and is the server's to judge; Tests/js/client-messages.mjs holds it against the same rules. Pure.

import { isWellFormed } from "./text.js";

/** A message that is not one of version 1. `code` is one of errors.json; `seq` is that of an unknown event. */
export class MessageError extends Error {
  constructor(code, explanation, seq = undefined) {
    super(explanation);
    this.code = code;
    this.seq = seq;
  }
}

/** Checks what the server sent. @throws {MessageError} `badMessage` */
export function check(message) {
  const name = fault(SERVER[message.type], message);
  if (name !== undefined) throw new MessageError("badMessage", `\`${name}\` of \`${message.type}\` is missing or wrong`);
}

/** Whether the server of this version sends such messages. */
export function isKnown(type) {
  return Object.hasOwn(SERVER, type);
}

/** The first field that is not what it must be. `null` is the same as absence. */
export function fault(fields, value) {
  return fields.find(([name, isGood, isOptional]) => !(value[name] == null ? isOptional : isGood(value[name])))?.[0];
}

// What each field must be: a list of [name, check, is it optional].

export const isInteger = Number.isSafeInteger;
export const isWhole = (value) => isInteger(value) && value >= 0;
export const isNumber = (value) => isInteger(value) && value > 0;
export const isString = (value) => typeof value === "string";
export const isText = (value) => isString(value) && isWellFormed(value);
export const isTarget = (value) => value === "pad" || isNumber(value);
export const isListOf = (isGood) => (value) => Array.isArray(value) && value.every(isGood);
export const isOp = (value) => (isString(value) ? value !== "" && isText(value) : isInteger(value) && value !== 0);
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isFlag = (value) => typeof value === "boolean";
const isTag = (value) => isString(value) && /^[0-9a-f]{16}$/i.test(value);
const isOneOf = (...values) => (value) => values.includes(value);
const isShaped = (fields) => (value) => isObject(value) && fault(fields, value) === undefined;

const NUMBER = ["item", isNumber];
const TEXT = ["text", isText];
const AT = ["at", isInteger];
const BY = ["by", isTag, true];
const PASTE = ["paste", isText];
const CODE = ["code", isText, true];
const EXPIRES = ["expiresAt", isInteger];
const NOW = ["now", isInteger];
const CURSOR = [["seq", isWhole], ["tag", isTag]];
const EVENT = [...CURSOR, AT, BY, ["ref", isNumber, true]];
const RECEIPT = [["ref", isNumber], CURSOR[0], ["item", isNumber, true]];
const ITEM = [...EVENT, NUMBER, TEXT];
const LEVEL = [...CURSOR, NOW, EXPIRES, ["you", isTag], ["acked", isListOf(isShaped(RECEIPT))]];
const ITEMS = [["items", isListOf(isShaped([NUMBER, AT, BY, TEXT, ["textSeq", isWhole]]))], ["more", isFlag, true]];
const SERVER = {
  welcome: [["limits", isObject], NOW],
  created: [RECEIPT[0], PASTE, CODE, ...CURSOR, EXPIRES],
  snapshot: [
    PASTE, CODE, ["same", isFlag, true], ["can", isListOf(isText)], ["pad", isText], ["padSeq", isWhole], ["devices", isWhole],
    ...LEVEL, ...ITEMS,
  ],
  items: ITEMS,
  resumed: LEVEL,
  append: ITEM,
  edit: [...EVENT, ["target", isTarget], ["ops", isListOf(isOp)]],
  keep: ITEM,
  remove: [...EVENT, NUMBER],
  clear: [...EVENT, ["through", isWhole]],
  extend: [...EVENT, EXPIRES],
  ack: RECEIPT,
  expired: [PASTE, ["reason", isOneOf("expired", "deleted")]],
  devices: [["count", isWhole]],
  error: [
    ["ref", isNumber, true], ["code", isText], ["message", isText], ["retry", isOneOf("never", "later", "now")],
    ["retryAfter", isInteger, true],
  ],
  pong: [],
};
