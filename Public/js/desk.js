// The live texts of a session: the pad, and the items that are being edited or were left with something unsent.
// It puts their steps into the outbox and tells the page what changed. Pure.

import { LiveText } from "./editor.js";
import { countPoints, isCount } from "./text.js";
import { countBytes, tooLarge } from "./wording.js";

/** Each edit stores its text first, for a reload; so many characters of it cost a millisecond of waiting. */
const STORED_PER_MILLISECOND = 4_096;
/** Waits shorter than this, in milliseconds, are none. */
const SHORTEST_PACE = 8;

/**
 * @param {import("./outbox.js").Outbox} outbox
 * @param {[target: "pad"|number, record: object][]} records of an earlier life of this page
 * @param {boolean} isProvable whether there is a cursor that can show that the records belong to this history
 */
export function createDesk(outbox, records, isProvable) {
  const texts = new Map([["pad", new LiveText()]]);
  const opened = new Set(["pad"]);
  const effects = [];
  for (const [target, record] of records) {
    const live = revived(record);
    if (!live) continue;
    live.isForeign = !isProvable && record.seq > 0;
    texts.set(target, live);
    const step = live.steps[0];
    if (step?.sent) outbox.restore({ ...request(step.kind, target, step.sent), live: target });
  }
  return {
    texts,
    get pad() { return texts.get("pad"); },
    /** How many changes wait for an answer. */
    get unsent() { return [...texts.values()].reduce((count, { steps }) => count + steps.length, 0); },
    takeEffects: () => effects.splice(0),
    act, start, event, level, acked, refused, end, asideAll,
  };

  // What the person does

  function act({ verb, target = "pad", ops }, paste) {
    const live = texts.get(target);
    switch (verb) {
      case "type":
        // It is in the box already: where it is not permitted, the server's refusal gives it back.
        if (!live || !paste.writable) return;
        live.problem = null;
        live.isTyped = true;
        live.type(ops);
        return stored(target);
      case "keep":
        if (!paste.may("keep")) return;
        changed("pad", live.keep());
        return stored("pad");
      case "open": {
        const item = paste.items.get(target);
        if (!item || !paste.may("edit")) return;
        opened.add(target);
        if (!live) texts.set(target, new LiveText({ text: item.text, seq: item.textSeq }));
        return;
      }
      case "close":
        opened.delete(target);
        if (live) live.isTyped = false;
        return forget(target);
    }
  }

  /** Puts what can go next into the outbox; returns for how many milliseconds no more should follow. */
  function start(limitBytes) {
    let wait = 0;
    for (const [target, live] of texts) {
      const next = live.problem ? null : live.next();
      if (next === null) continue;
      const { coming, known } = live;
      if (coming.length * 3 > limitBytes && coming.length > known.text.length && countBytes(coming) > limitBytes) {
        live.problem = tooLarge(limitBytes);
        continue;
      }
      const { verb, fields } = request(next.verb, target, next.fields);
      const { ref } = outbox.add(verb, fields, target);
      live.sent(ref, next.fields);
      stored(target);
      const pace = Math.ceil(coming.length / STORED_PER_MILLISECOND);
      if (pace >= SHORTEST_PACE) wait = Math.max(wait, pace);
    }
    return wait;
  }

  // What the server says

  /** An event of the log that `paste` has taken already. */
  function event({ type, target, ops, seq, ref: named = 0 }, isOwn, paste) {
    const ref = isOwn ? named : 0;
    if (type === "edit") {
      const live = texts.get(target);
      if (!live) return;
      const now = textOf(paste, target);
      took(target, () => live.received(ops, now.text, now.seq, ref));
    } else if (type === "keep") {
      const pad = texts.get("pad");
      const size = countPoints(pad.known.text);
      took("pad", () => pad.received(size > 0 ? [-size] : [], "", seq, ref));
    } else if (type === "remove" || type === "clear") {
      loseMissing(paste);
    }
  }

  /** A whole state: `taken` are the refs whose effect is in it. */
  function level(paste, taken, isSame) {
    loseMissing(paste);
    for (const [target, live] of texts) {
      const { text, seq } = textOf(paste, target);
      if (!isSame || live.isForeign) {
        setAside(target, "otherHistory", "Written for an earlier paste with this key.", { text, seq });
        continue;
      }
      const ref = live.flight;
      took(target, () => live.level(text, seq, (each) => taken.has(each) || live.taken === each));
      if (ref !== 0 && live.flight === ref && live.steps[0].kind === "edit") {
        const { base, ops } = live.steps[0].sent;
        outbox.mark(ref, { fields: { target, base, ops } });
      }
    }
  }

  /** The step that is under way took effect, as an `ack` says. `isKnown`: the known text has it. */
  function acked({ live: target, verb, ref }, seq, isKnown) {
    const live = texts.get(target);
    // A keep that another device's keep came before, or a change that is no other's after all.
    if (verb === "keep" || isKnown) took(target, () => live.drop(seq));
    else live.taken = ref; // its event, or a snapshot, brings it
  }

  /** A step was refused; returns whether a snapshot is needed to go on. */
  function refused({ live: target, ref, verb }, { code, message }) {
    const live = texts.get(target);
    if (live?.flight !== ref) {
      outbox.remove(ref);
      return false;
    }
    if (verb === "keep") return keepRefused(live, code, message);
    switch (code) {
      case "staleBase":
        outbox.mark(ref, { state: "waiting" });
        return true;
      case "noSuchItem":
        lose(target);
        return false;
      case "textTooLarge":
      case "pasteFull":
        live.problem = message;
        holdBack();
        return false;
      case "badEdit":
        if (!live.wasRefused) {
          live.wasRefused = true;
          holdBack();
          return true;
        }
    }
    setAside(target, code, message, live.known);
    return code === "badEdit";

    function holdBack() {
      took(target, () => (live.holdBack(), []));
    }
  }

  /** The paste is over: what was not sent is offered, and what is shown stays. */
  function end() {
    asideAll("pasteOver", "Not sent before this paste ended.", true);
  }

  /** Offers everything that is not decided. */
  function asideAll(code, message, isShownStill = false) {
    for (const [target, live] of texts) {
      const text = isShownStill ? live.text : "";
      if (live.steps.length > 0) setAside(target, code, message, { text, seq: 0 });
    }
  }

  // How

  /** Lets something change a text, and tells the page and the storage. */
  function took(target, change) {
    const live = texts.get(target);
    const { flight, steps: { length } } = live;
    changed(target, change());
    if (live.flight !== flight) {
      outbox.remove(flight);
      live.wasRefused = live.wasRefused && live.steps.length > 0;
    }
    if (length > 0) stored(target);
    forget(target);
  }

  function keepRefused(live, code, message) {
    if (code === "staleBase") {
      took("pad", () => (live.keepAgain(), []));
      return false;
    }
    took("pad", () => live.drop());
    if (code !== "emptyText") effects.push({ type: "notice", kind: "error", message });
    return code === "badEdit";
  }

  function setAside(target, code, message, { text, seq }) {
    const live = texts.get(target);
    const kept = live.keeping();
    if (live.text !== "" && live.steps.at(-1)?.kind === "edit") kept.push(live.text);
    for (const each of kept) giveBack(each, code, message);
    live.isForeign = false;
    took(target, () => live.reset(text, seq));
  }

  /** A text that is the person's to decide on. */
  function giveBack(text, code, message) {
    const { ref } = outbox.add("append", { text });
    outbox.mark(ref, { state: "aside", code, message });
    effects.push({ type: "notice", kind: "returned", message });
  }

  function loseMissing(paste) {
    for (const target of [...texts.keys()]) if (target !== "pad" && !paste.items.has(target)) lose(target);
  }

  /** The item is gone: what was typed into it is offered. */
  function lose(target) {
    const live = texts.get(target);
    if (live.flight !== 0) outbox.remove(live.flight);
    if ((live.steps.length > 0 || live.isTyped) && live.text !== "") {
      giveBack(live.text, "noSuchItem", `Item ${target} was removed while you edited it.`);
    }
    texts.delete(target);
    opened.delete(target);
    effects.push({ type: "closed", target });
    stored(target);
  }

  function forget(target) {
    if (!opened.has(target) && texts.get(target)?.steps.length === 0) texts.delete(target);
  }

  function changed(target, ops) {
    if (ops.length > 0) effects.push({ type: "text", target, ops });
  }

  function stored(target) {
    if (!effects.some((each) => each.type === "record" && each.target === target)) effects.push({ type: "record", target });
  }
}

/** A live text of an earlier life; undefined when what was stored is none. */
function revived(record) {
  try {
    const live = new LiveText(record);
    if (isCount(record.seq) && typeof live.text === "string" && live.steps.every(isStep)) return live;
  } catch {
    // It does not fit together.
  }
}

function isStep({ kind, base, sent }) {
  const isKeep = kind === "keep" && isCount(base);
  const isEdit = kind === "edit" && (!sent || (isCount(sent.base) && Array.isArray(sent.ops)));
  return (isKeep || isEdit) && (!sent || isCount(sent.ref));
}

function request(verb, target, { ref, base, ops }) {
  return { ref, verb, fields: verb === "keep" ? { base } : { target, base, ops } };
}

/** The text of a target as the log has it. */
function textOf(paste, target) {
  if (target === "pad") return paste.pad;
  const { text, textSeq } = paste.items.get(target);
  return { text, seq: textSeq };
}
