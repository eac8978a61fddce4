// The messages of version 1, as JavaScript sees them. Pure: no DOM, no socket, no clock, no randomness.
// See Protocol/PROTOCOL.md; Tests/js/protocol.test.mjs replays the same vectors as the server's tests.
//
// The builders make plain objects with the server's order of members, checked, so that a fault of this page is
// found here and not by an answer. `parse` checks what it reads: past it a message has the fields it must have.

/** The version that this module speaks, and the WebSocket subprotocol that asks for it. */
export const VERSION = 1;
export const SUBPROTOCOL = "pasted.v1";

/** The largest `ref`, seq, time or number: what every JSON reader holds exactly. */
export const LARGEST_INTEGER = Number.MAX_SAFE_INTEGER;
/** Refs in the `pending` of a `subscribe`, operations in one edit, the largest count in one operation. */
export const PENDING_REFS = 64;
export const EDIT_OPS = 4_096;
export const OP_COUNT = 2 ** 31 - 1;
/** Bytes of a key as it is written in a message. */
export const KEY_BYTES = 128;

/** A message that is not one of version 1. `code` is a row of ERRORS; `seq` is that of an unknown event. */
export class MessageError extends Error {
  constructor(code, explanation, seq = undefined) {
    super(explanation);
    this.name = "MessageError";
    this.code = code;
    this.seq = seq;
  }
}

// From the client

/** Who this is: 32 hexadecimal digits, kept across reconnects. The first message. */
export function hello(client) {
  return checked("hello", CLIENT.hello, { client });
}

/** A new paste. `key`, `expiresIn` (milliseconds) and `private` are optional. */
export function create({ ref, key, expiresIn, private: isPrivate }) {
  return checked("create", CLIENT.create, { ref, key, expiresIn, private: isPrivate || undefined });
}

/** Follow a paste, from a cursor if one is known. `pending`: refs that were sent and not answered. */
export function subscribe({ paste, cursor = null, pending = [] }) {
  return checked("subscribe", CLIENT.subscribe, {
    paste, after: cursor?.seq, tag: cursor?.tag, pending: pending.length > 0 ? pending : undefined,
  });
}

/** Keep a new item. `paste` only without a subscription. */
export function append({ ref, text, paste }) {
  return checked("append", CLIENT.append, { ref, text, paste });
}

/** Change the pad (`target: "pad"`) or an item (its number). */
export function edit({ ref, target, base, ops, paste }) {
  return checked("edit", CLIENT.edit, { ref, target, base, ops, paste });
}

/** The pad becomes an item. `base`: the seq of the pad that the person saw. */
export function keep({ ref, base, paste }) {
  return checked("keep", CLIENT.keep, { ref, base, paste });
}

/** Take one item away. */
export function remove({ ref, item, paste }) {
  return checked("remove", CLIENT.remove, { ref, item, paste });
}

/** Take all items away up to the number `through`. */
export function clear({ ref, through, paste }) {
  return checked("clear", CLIENT.clear, { ref, through, paste });
}

/** Let the paste end `expiresIn` milliseconds from now. */
export function extend({ ref, expiresIn, paste }) {
  return checked("extend", CLIENT.extend, { ref, expiresIn, paste });
}

/** End the paste now (the message `delete`, whose name JavaScript keeps for itself). */
export function deletePaste(ref) {
  return checked("delete", CLIENT.delete, { ref });
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
  if (!Object.hasOwn(SERVER, type)) {
    throw new MessageError("unknownType", `\`${type.slice(0, 64)}\` is none of this version's types`, message.seq);
  }
  check(SERVER[type], message);
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

// Errors

/** The rows of Protocol/errors.json by code, as far as a page needs them. */
export const ERRORS = Object.freeze({
  badMessage: {
    retry: "never",
    message: "The server does not understand what this app sent. Reload the page or update the app.",
  },
  unknownType: {
    retry: "never",
    message: "The server does not know this kind of message. It may be older than this app.",
  },
  badText: {
    retry: "never",
    message: "The text holds half a character (a lone surrogate), which can not be stored exactly.",
  },
  badEdit: {
    retry: "never",
    message: "This change does not fit the text it was made on. Your text is still with you.",
  },
  badHello: {
    retry: "never",
    message: "This app does not say properly who it is. Reload the page or update the app.",
  },
  helloTooLate: {
    retry: "never",
    message: "An app has to say who it is before anything else. Reload the page.",
  },
  notSubscribed: {
    retry: "never",
    message: "No paste is open on this connection. Open one first.",
  },
  otherPaste: {
    retry: "never",
    message: "Another paste is open on this connection. Use a connection of its own.",
  },
  tooManyInFlight: {
    retry: "later", limitUnit: "count",
    message: "Too many changes are waiting for an answer. This one is sent again in a moment.",
    messageWithLimit: "At most {limit} changes may wait for an answer. This one is sent again in a moment.",
  },
  noSuchPaste: {
    retry: "never",
    message: "There is no paste with this key. It may have expired, or the key has a typing error.",
  },
  badKey: {
    retry: "never",
    message: "A key of your own is 6 to 64 of the characters a-z, 0-9 and -, and no reserved word.",
  },
  keyTaken: {
    retry: "never",
    message: "This key is taken. Choose another one.",
  },
  notPermitted: {
    retry: "never",
    message: "This key does not permit that.",
  },
  emptyText: {
    retry: "never",
    message: "There is no text to keep.",
  },
  textTooLarge: {
    retry: "never", limitUnit: "bytes",
    message: "This text is too large. Keep it in parts.",
    messageWithLimit: "This text is larger than {limit}, the most that one text may have. Keep it in parts.",
  },
  pasteFull: {
    retry: "never", limitUnit: "bytes",
    message: "This paste is full. Remove something, or begin a new paste.",
    messageWithLimit: "This paste can hold {limit} of text and is full. Remove something, or begin a new paste.",
  },
  tooManyItems: {
    retry: "never", limitUnit: "count",
    message: "This paste holds as many items as it may. Remove some, or begin a new paste.",
    messageWithLimit: "This paste holds {limit} items, as many as it may. Remove some, or begin a new paste.",
  },
  noSuchItem: {
    retry: "never",
    message: "This item was removed. Your text is still with you.",
  },
  badExpiry: {
    retry: "never", limitUnit: "milliseconds",
    message: "A paste can not last that long. Choose a shorter time.",
    messageWithLimit: "A paste can last at most {limit} from now. Choose a time between now and then.",
  },
  staleRef: {
    retry: "never",
    message: "This was sent too long ago to tell whether it arrived. Look, and send it anew if not.",
  },
  staleBase: {
    retry: "now",
    message: "This device was away for too long to continue. It is brought up to date.",
  },
  tooFast: {
    retry: "later", limitUnit: "count",
    message: "That was a little fast. It is sent again in a moment.",
    messageWithLimit: "More than {limit} a second is too fast. It is sent again in a moment.",
  },
  tooManyMisses: {
    retry: "later",
    message: "Too many unknown keys were tried. Wait a moment, then try again.",
  },
  tooManyPastes: {
    retry: "later", limitUnit: "count",
    message: "Your network made as many pastes as it may for now. Use one of them, or try again later.",
    messageWithLimit: "Your network may make {limit} pastes an hour and did. Use one of them, or try again later.",
  },
  quotaReached: {
    retry: "later", limitUnit: "bytes",
    message: "As much was kept from your network as may be for now. Your text is still with you; try again later.",
    messageWithLimit: "Your network may keep {limit} a day here and did. Your text is still with you; try again later.",
  },
  serverFull: {
    retry: "later",
    message: "The server holds as much as its operator lets it; nothing was changed. Try again later.",
  },
  busy: {
    retry: "later", limitUnit: "count",
    message: "The server has too much to do at once; nothing was changed. Try again in a moment.",
    messageWithLimit: "This paste remembers {limit} devices, as many as it may; nothing was changed. Try again later.",
  },
  storageFull: {
    retry: "later",
    message: "The server's disk is full; nothing was changed. Try again later.",
  },
  unavailable: {
    retry: "later",
    message: "The server can not save right now; nothing was changed. Try again in a moment.",
  },
  damaged: {
    retry: "never",
    message: "This paste is damaged on the server's disk. The operator has to look at it.",
  },
});

/** The sentence for a code, for a person; `limit` in the code's own unit. As the server writes it. */
export function explain(code, limit = undefined) {
  const row = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined;
  if (!row) return "The server refused this.";
  if (limit === undefined || !row.limitUnit) return row.message;
  return row.messageWithLimit.replace("{limit}", () => spelled(limit, row.limitUnit));
}

const UNITS = {
  count: [],
  bytes: [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "byte"]],
  milliseconds: [
    [86_400_000, "day"], [3_600_000, "hour"], [60_000, "minute"], [1_000, "second"], [1, "millisecond"],
  ],
};

function spelled(limit, unit) {
  for (const [size, name] of UNITS[unit]) {
    if (limit < size || limit % size !== 0) continue;
    const plural = limit === size || name.endsWith("B") ? "" : "s";
    return `${(limit / size).toLocaleString("en-US")} ${name}${plural}`;
  }
  return limit.toLocaleString("en-US");
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

/** The first field that is not what it must be. `null` is the same as absence. */
function fault(fields, value) {
  for (const [name, isGood, isOptional] of fields) {
    const field = value[name] ?? undefined;
    if (field === undefined ? !isOptional : !isGood(field)) return name;
  }
  return undefined;
}

function check(fields, message) {
  const name = fault(fields, message);
  if (name !== undefined) throw new MessageError("badMessage", `\`${name}\` of \`${message.type}\` is missing or wrong`);
}

/** A message of the fields that are there, in the table's order. */
function checked(type, fields, values) {
  const message = { type };
  for (const [name] of fields) {
    if (values[name] !== undefined && values[name] !== null) message[name] = values[name];
  }
  const name = fault(fields, message);
  if (name === undefined) return message;
  throw new MessageError(codeOf(name, message[name]), `\`${name}\` of \`${type}\` is missing or wrong`);
}

function codeOf(name, value) {
  if (typeof value === "string" && !isWellFormed(value)) return "badText";
  if (name === "client") return "badHello";
  if (name !== "ops" || !Array.isArray(value)) return "badMessage";
  return value.some((op) => typeof op === "string" && !isWellFormed(op)) ? "badText" : "badEdit";
}

/** Whether no half of a surrogate pair stands alone: such a text has no UTF-8 and can not be kept exactly. */
export function isWellFormed(text) {
  return typeof text.isWellFormed === "function" ? text.isWellFormed() : !/\p{Surrogate}/u.test(text);
}
