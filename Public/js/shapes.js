// What each message of version 1 must be, field by field, in both directions. Pure.

import { isWellFormed, MAXIMUM_OPS } from "./text.js";

/** The largest `ref`, seq, time or number: what every JSON reader holds exactly. */
export const LARGEST_INTEGER = Number.MAX_SAFE_INTEGER;
/** Refs in the `pending` of a `subscribe`, operations in one edit, the largest count in one operation. */
export const PENDING_REFS = 64;
export const EDIT_OPS = MAXIMUM_OPS;
export const OP_COUNT = 2 ** 31 - 1;
/** Bytes of a key as it is written in a message. */
export const KEY_BYTES = 128;

/** A message that is not one of version 1. `code` is one of errors.json; `seq` is that of an unknown event. */
export class MessageError extends Error {
  constructor(code, explanation, seq = undefined) {
    super(explanation);
    this.name = "MessageError";
    this.code = code;
    this.seq = seq;
  }
}

/** A message to the server, of the fields that are there, in the table's order. @throws {MessageError} */
export function checked(type, values) {
  const fields = CLIENT[type];
  const message = { type };
  for (const [name] of fields) {
    if (values[name] !== undefined && values[name] !== null) message[name] = values[name];
  }
  const name = fault(fields, message);
  if (name === undefined) return message;
  throw new MessageError(codeOf(name, message[name]), `\`${name}\` of \`${type}\` is missing or wrong`);
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

function codeOf(name, value) {
  if (typeof value === "string" && !isWellFormed(value)) return "badText";
  if (name === "client") return "badHello";
  if (name !== "ops" || !Array.isArray(value)) return "badMessage";
  return value.some((op) => typeof op === "string" && !isWellFormed(op)) ? "badText" : "badEdit";
}

/** The first field that is not what it must be. `null` is the same as absence. */
function fault(fields, value) {
  for (const [name, isGood, isOptional] of fields) {
    const field = value[name] ?? undefined;
    if (field === undefined ? !isOptional : !isGood(field)) return name;
  }
  return undefined;
}

// What each field must be: a list of [name, check, is it optional].

const isInteger = (from) => (value) => Number.isSafeInteger(value) && value >= from;
const isWhole = isInteger(0);
const isNumber = isInteger(1);
const isTime = Number.isSafeInteger;
const isText = (value) => typeof value === "string" && isWellFormed(value);
const isTag = (value) => typeof value === "string" && /^[0-9a-f]{16}$/i.test(value);
const isOpaque = (value) => typeof value === "string";
const isFlag = (value) => typeof value === "boolean";
const isClient = (value) => typeof value === "string" && /^[0-9a-f]{32}$/i.test(value);
const isKey = (value) => isText(value) && new TextEncoder().encode(value).length <= KEY_BYTES;
const isTarget = (value) => value === "pad" || isNumber(value);
const isListOf = (check, limit) => (value) => Array.isArray(value) && value.length <= limit && value.every(check);
const isOp = (value) =>
  typeof value === "string" ? value !== "" && isText(value) : isTime(value) && value !== 0 && Math.abs(value) <= OP_COUNT;
const isOps = isListOf(isOp, EDIT_OPS);
const isCommittedOps = isListOf(isOp, 1_000_000); // others' edits have cut what one client sent
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isShaped = (fields) => (value) => isObject(value) && fault(fields, value) === undefined;

const REF = ["ref", isNumber];
const PASTE = ["paste", isKey, true];
const CLIENT = {
  hello: [["client", isClient]],
  create: [REF, ["key", isKey, true], ["expiresIn", isTime, true], ["private", isFlag, true]],
  subscribe: [
    ["paste", isKey], ["after", isWhole, true], ["tag", isOpaque, true],
    ["pending", isListOf(isNumber, PENDING_REFS), true],
  ],
  append: [REF, ["text", isText], PASTE],
  edit: [REF, ["target", isTarget], ["base", isWhole], ["ops", (value) => isOps(value) && value.length > 0], PASTE],
  keep: [REF, ["base", isWhole], PASTE],
  remove: [REF, ["item", isNumber], PASTE],
  clear: [REF, ["through", isWhole], PASTE],
  extend: [REF, ["expiresIn", isTime], PASTE],
  delete: [REF],
};

const CURSOR = [["seq", isWhole], ["tag", isTag]];
const EVENT = [...CURSOR, ["at", isTime], ["by", isTag, true], ["ref", isNumber, true]];
const RECEIPT = [REF, ["seq", isWhole], ["item", isNumber, true]];
const ITEM = [["item", isNumber], ["at", isTime], ["by", isTag, true], ["text", isText], ["textSeq", isWhole]];
const LEVEL = [
  ...CURSOR, ["now", isTime], ["expiresAt", isTime], ["you", isTag], ["acked", isListOf(isShaped(RECEIPT), PENDING_REFS)],
];
const ITEMS = [["items", isListOf(isShaped(ITEM), 1_000_000)], ["more", isFlag, true]];
const SERVER = {
  welcome: [["version", isNumber], ["server", isText], ["limits", isObject], ["now", isTime]],
  created: [REF, ["paste", isText], ["code", isText, true], ["url", isText], ...CURSOR, ["expiresAt", isTime]],
  snapshot: [
    ["paste", isText], ["code", isText, true], ["same", isFlag, true], ["can", isListOf(isText, 256)],
    ["pad", isText], ["padSeq", isWhole], ["devices", isWhole], ...LEVEL, ...ITEMS,
  ],
  items: ITEMS,
  resumed: LEVEL,
  append: [...EVENT, ["item", isNumber], ["text", isText]],
  edit: [...EVENT, ["target", isTarget], ["ops", isCommittedOps]],
  keep: [...EVENT, ["item", isNumber], ["text", isText]],
  remove: [...EVENT, ["item", isNumber]],
  clear: [...EVENT, ["through", isWhole]],
  extend: [...EVENT, ["expiresAt", isTime]],
  ack: RECEIPT,
  expired: [["paste", isText], ["reason", (value) => value === "expired" || value === "deleted"]],
  devices: [["count", isWhole]],
  error: [
    ["ref", isNumber, true], ["code", isText], ["message", isText],
    ["retry", (value) => ["never", "later", "now"].includes(value)], ["retryAfter", isTime, true], ["limit", isTime, true],
  ],
  pong: [],
};
