// What the server can refuse, by code: the rows of Protocol/errors.json as far as a page needs them, and the sentence
// for each. Pure.

/** By code: whether trying again can help, and what a person is told. */
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
