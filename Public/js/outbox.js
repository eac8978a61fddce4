// What this device asked for and has no answer to yet.
//
// A request keeps its `ref` for as long as it may have taken effect: that is what makes sending it again
// harmless. Each entry is in one of these states:
//
//   waiting --sent--> sent --acknowledged--> (gone)
//      ^               |  \--refused for good--> refused   the person decides: again, copy or discard
//      \--connection lost, or "later"--/
//   waiting, sent --the history is another one--> aside    the same, with another reason
//
// Only `waiting` and `sent` are ever put on the wire. Pure: the owner stores what `changed` names.

/** Requests on the wire without an answer; the protocol allows no more per client. */
export const IN_FLIGHT = 32;

export class Outbox {
  /** @param {{next?: number, entries?: object[]}} stored what was kept of an earlier life of this page */
  constructor({ next = 1, entries = [] } = {}) {
    this.next = next;
    this.entries = new Map();
    for (const entry of [...entries].sort((a, b) => a.ref - b.ref)) {
      this.entries.set(entry.ref, entry.state === "sent" ? { ...entry, state: "waiting" } : entry);
      this.next = Math.max(this.next, entry.ref + 1);
    }
    this.changed = new Set();
  }

  /**
   * A new request under a fresh ref. `verb` and `fields` are its message without `ref`; `live` is the target of a
   * live text's step, which is stored with that text.
   */
  add(verb, fields, live = undefined) {
    const entry = { ref: this.next, verb, fields, state: "waiting", ...(live && { live }) };
    this.next += 1;
    this.entries.set(entry.ref, entry);
    this.changed.add(entry.ref);
    return entry;
  }

  /** A request of an earlier life that was stored elsewhere. */
  restore(entry) {
    this.entries.set(entry.ref, { ...entry, state: "waiting" });
    this.entries = new Map([...this.entries].sort(([a], [b]) => a - b));
    this.next = Math.max(this.next, entry.ref + 1);
  }

  get(ref) {
    return this.entries.get(ref);
  }

  /** Replaces an entry by one that differs in `fields`: entries are never altered in place. */
  mark(ref, fields) {
    const entry = this.entries.get(ref);
    if (!entry) return;
    const next = { ...entry, ...fields };
    this.entries.set(ref, next);
    // On the wire or not is no difference to the store.
    if (next.state !== "sent" && (next.state !== "waiting" || entry.state !== "sent")) this.changed.add(ref);
  }

  /** Forgets a request: it took effect, or the person let it go. */
  remove(ref) {
    if (this.entries.delete(ref)) this.changed.add(ref);
  }

  /** Takes the refs whose stored form is out of date. */
  takeChanged() {
    const refs = [...this.changed];
    this.changed.clear();
    return refs;
  }

  /** The connection is gone: whatever was on the wire may or may not have arrived. */
  interrupted() {
    for (const entry of this.#in("sent")) this.entries.set(entry.ref, { ...entry, state: "waiting" });
  }

  /** The next request to send, in the order of asking, or undefined when there is none or enough are on the wire. */
  nextToSend() {
    return this.#in("sent").length < IN_FLIGHT ? this.#in("waiting")[0] : undefined;
  }

  /** Requests that wait for an answer, in the order of asking. */
  unanswered() {
    return this.#in("waiting", "sent");
  }

  /** Requests whose texts were given back to the person. */
  returned() {
    return this.#in("refused", "aside");
  }

  /** Refs to ask about after a reconnect: sending in order keeps every undecided one among the first. */
  pendingRefs() {
    return this.unanswered().slice(0, IN_FLIGHT * 2).map((entry) => entry.ref);
  }

  #in(...states) {
    return [...this.entries.values()].filter(({ state }) => states.includes(state));
  }
}
