// What this device asks for: what the person does becomes requests in the outbox and steps of the live texts, these
// go on the wire, and answers decide them. Pure; effects go into the list that the session hands out.
//
// Exactly once: a request stays in the outbox under its ref until its own event, an `ack` or `acked` names it.

import { createDesk } from "./desk.js";
import { BACKOFF_LONGEST } from "./link.js";
import { Outbox } from "./outbox.js";
import { tooLarge } from "./wording.js";

/** The first wait after a "later" that names none; it doubles up to BACKOFF_LONGEST. */
export const LATER = 1_000;
/** A wait that the person is told of, since nothing else on the page explains it. */
const LONG = 5_000;

/**
 * @param {object} stored the outbox of an earlier life of this page
 * @param {[target: "pad"|number, record: object][]} texts its live texts
 * @param {boolean} isProvable whether there is a cursor that can show what history they belong to
 * @param {object[]} effects where effects are put
 */
export function createRequests(stored, texts, isProvable, effects) {
  const outbox = new Outbox(stored);
  const desk = createDesk(outbox, texts, isProvable);
  let isHeld = false; // the server asked to wait: nothing goes before the timer
  let isPacing = false; // the next edit of a long text waits for its timer
  let refusals = 0; // in a row, without a request that took effect between
  const requests = {
    outbox,
    desk,
    create: null, // the new paste that was asked for
    act, ask, sendCreate, flush, timer, interrupted, done, acked, waitAfter, refused, refuseLargest, returnAll, explain,
  };
  return requests;

  // What the person does

  /** Takes what the person does to the open paste. */
  function act(event, paste) {
    const { verb, ref, text, item, through, expiresIn } = event;
    switch (verb) {
      case "type":
      case "keep":
      case "open":
      case "close": return desk.act(event, paste);
      case "append": return request(paste, verb, { text });
      case "remove": return request(paste, verb, { item });
      case "clear": return request(paste, verb, { through });
      case "extend": return request(paste, verb, { expiresIn });
      case "delete": return request(paste, verb, {});
      case "again": {
        const entry = returned(ref);
        if (!entry || !paste.may(entry.verb)) return;
        outbox.remove(ref);
        return request(paste, entry.verb, entry.fields);
      }
      case "discard":
        // One that may be on the wire, or may have been before a reload, can't be taken back.
        if (returned(ref)) outbox.remove(ref);
    }
  }

  /** Asks for a new paste. */
  function ask({ expiresIn }) {
    requests.create = { ref: outbox.next, ...(expiresIn && { expiresIn }) };
    outbox.next += 1;
    effects.push({ type: "store", refs: [] });
  }

  // Onto the wire

  function sendCreate() {
    if (requests.create) send({ type: "create", ...requests.create });
  }

  /** Sends what can go; `isContinuous`: the texts in memory are those that edits are made on. */
  function flush(isContinuous, limitBytes) {
    if (isHeld) return;
    if (!isPacing && isContinuous) {
      const wait = desk.start(limitBytes);
      isPacing = wait > 0;
      if (isPacing) set("pace", wait);
    }
    for (let entry = outbox.nextToSend(); entry; entry = outbox.nextToSend()) {
      send({ type: entry.verb, ref: entry.ref, ...entry.fields });
      outbox.mark(entry.ref, { state: "sent" });
    }
  }

  /** One of its timers: what waited for it goes with the next `flush`. */
  function timer(name) {
    if (name === "later") isHeld = false;
    if (name === "pace") isPacing = false;
  }

  /** The connection is gone, and with it what its server asked for. */
  function interrupted() {
    outbox.interrupted();
    isHeld = false;
    isPacing = false;
    for (const name of ["later", "pace"]) effects.push({ type: "cancel", name });
  }

  // What becomes of it

  /** A request took effect. */
  function done(ref) {
    if (outbox.get(ref)?.state === "aside") return;
    refusals = 0;
    outbox.remove(ref);
  }

  /**
   * Told by `ack` or `acked` that a request took effect at `seq`. `isKnown`: the texts of this page have that; a step
   * of a live text is done only when they do.
   */
  function acked({ ref, seq }, isKnown) {
    const entry = outbox.get(ref);
    if (entry?.live === undefined) return done(ref);
    refusals = 0;
    desk.acked(entry, seq, isKnown);
  }

  /** How long to wait before what was refused is tried again: longer each time in a row. */
  function waitAfter({ retry, retryAfter }, random) {
    const wait = retryAfter ?? Math.min(BACKOFF_LONGEST, LATER * 2 ** Math.min(refusals, 16)) * (0.5 + random / 2);
    if (retry !== "never") refusals += 1;
    return wait;
  }

  /** A request was refused; returns whether the whole state is needed to go on. */
  function refused(error, wait) {
    const { ref, code, message } = error;
    const isFinal = error.retry === "never";
    if (ref === requests.create?.ref) {
      if (!isFinal) return later(wait, error);
      requests.create = null;
      return tell("notCreated", message);
    }
    const entry = outbox.get(ref);
    if (!entry) return false;
    if (entry.live !== undefined && (isFinal || code === "staleBase")) return desk.refused(entry, error);
    if (entry.verb === "remove" && code === "noSuchItem") {
      done(ref); // somebody was faster: it is gone, as was asked
    } else if (isFinal || (wait > BACKOFF_LONGEST && entry.fields.text !== undefined)) {
      // A text that fits in an hour must not hold up everything behind it until then: the person decides.
      giveBack(entry, "refused", code, message);
    } else {
      outbox.mark(ref, { state: "waiting" });
      isHeld = true;
      later(wait, error);
    }
    return false;
  }

  /** A message beyond the wire limit closed the connection; sending it again would close it again. */
  function refuseLargest() {
    const length = ({ fields }) => fields.text?.length ?? 0;
    const [largest] = outbox.unanswered().sort((a, b) => length(b) - length(a));
    if (largest && length(largest) > 0) giveBack(largest, "refused", "textTooLarge", tooLarge());
  }

  /** Nothing that is not decided will be: all texts but the live ones go back to the person. */
  function returnAll(code, message) {
    for (const entry of outbox.unanswered()) {
      if (entry.live === undefined) giveBack(entry, "aside", code, message);
    }
  }

  /** Of a long wait the person is told why. */
  function explain(wait, { message }) {
    if (wait >= LONG && message) tell("error", message);
  }

  function later(wait, error) {
    set("later", wait);
    explain(wait, error);
  }

  /** Texts go back to the person; a request without one is only told. */
  function giveBack({ ref, fields }, state, code, message) {
    if (fields.text === undefined) {
      outbox.remove(ref);
      if (state === "refused") tell("error", message);
    } else {
      outbox.mark(ref, { state, code, message });
      tell("returned", message);
    }
  }

  function returned(ref) {
    const entry = outbox.get(ref);
    return entry?.state === "refused" || entry?.state === "aside" ? entry : undefined;
  }

  function request(paste, verb, fields) {
    if (!paste.may(verb)) return;
    const isRepeat = (entry) => entry.verb === verb && verb === "remove" && entry.fields.item === fields.item;
    if (!outbox.unanswered().some(isRepeat)) outbox.add(verb, fields);
  }

  function send(message) {
    effects.push({ type: "send", message });
  }

  function set(name, after) {
    effects.push({ type: "timer", name, after });
  }

  function tell(kind, message) {
    effects.push({ type: "notice", kind, message });
  }
}
