// The truth: what became durable, who typed what, and what is wrong with what anybody was shown.

export class Ledger {
  constructor(world) {
    this.world = world;
    this.violations = [];
    this.pastes = []; // by number: {tags, mostSeq, isRemoved}; tags[seq] is what is durable now, mostSeq what ever was
    this.durable = new Map(); // "seq tag", now or earlier -> number of the paste
    this.letters = new Map(); // letter -> {device, paste, isDeleted, count}
    this.gone = new Map(); // letter -> how often it was in texts that are gone from the disk
    this.eventsShown = 0;
  }

  violation(what) {
    this.violations.push(what);
  }

  /** The paste that the key opens now. */
  get paste() {
    return this.pastes.at(-1);
  }

  get head() {
    const { paste } = this;
    return paste && { seq: paste.tags.length - 1, tag: paste.tags.at(-1) };
  }

  get headTag() {
    return this.head?.tag;
  }

  // What becomes durable

  made({ paste, tag }) {
    this.pastes[paste] = { tags: [tag], mostSeq: 0, isRemoved: false };
    this.durable.set(`0 ${tag}`, paste);
  }

  stored({ paste, seq, tag, gone }) {
    const { tags, isRemoved } = this.pastes[paste];
    if (isRemoved) this.violation(`event ${seq} of a paste that is over`);
    if (seq !== tags.length) this.violation(`event ${seq} follows ${tags.length - 1}`);
    tags[seq] = tag;
    this.pastes[paste].mostSeq = Math.max(this.pastes[paste].mostSeq, seq);
    this.durable.set(`${seq} ${tag}`, paste);
    this.lose(gone);
  }

  removed({ paste, gone }) {
    this.pastes[paste].isRemoved = true;
    this.lose(gone);
  }

  rolledBack({ paste, seq, gone }) {
    const { tags } = this.pastes[paste];
    tags.length = seq + 1;
    this.lose(gone);
  }

  lose(text) {
    for (const letter of text) if (this.letters.has(letter)) this.gone.set(letter, (this.gone.get(letter) ?? 0) + 1);
  }

  // What people do

  /** A letter was typed, for the paste that the page showed; null when it had not seen any in its life. */
  typed(device, letter) {
    const { cursor, paste: shown } = device.session;
    const paste = cursor === null || !shown.loaded ? null : this.durable.get(`${cursor.seq} ${cursor.tag}`) ?? null;
    const known = this.letters.get(letter);
    if (known) known.count += 1;
    else this.letters.set(letter, { device, paste, isDeleted: false, count: 1 });
  }

  deleted(letters) {
    for (const letter of letters) {
      const known = this.letters.get(letter);
      if (known) known.isDeleted = true;
    }
  }

  // What pages are shown

  shown(device, message) {
    const { type, seq, tag } = message;
    if (typeof seq !== "number") return;
    this.eventsShown += 1;
    if (type === "ack") {
      // It may have been on its way while the disk was rolled back, and it names no tag.
      if (!this.pastes.some(({ mostSeq }) => seq <= mostSeq)) this.violation(`not durable: ack ${seq} told to ${device.name}`);
    } else if (!this.durable.has(`${seq} ${tag}`)) {
      this.violation(`not durable: ${type} ${seq} shown to ${device.name}`);
    }
  }

  // The end

  /** Everybody shows what is on the disk. */
  checkPages(devices, state) {
    for (const device of devices) {
      const { session, name } = device;
      if (!device.isAtRest) {
        this.violation(`not at rest: ${name} (${device.describe()})`);
        continue;
      }
      if (device.key === null || session.paste.phase === "over" || session.paste.phase === "unknown") continue;
      this.#expect(session.paste.pad.text === state.pad, `diverged: the pad that ${name} knows`);
      this.#expect(session.paste.pad.seq === state.padSeq, `diverged: the pad's seq that ${name} knows`);
      this.#expect(session.desk.pad.text === state.pad, `diverged: the pad that ${name} edits`);
      this.#expect(device.boxes.get("pad") === state.pad, `diverged: the pad that ${name} shows`);
      const known = [...session.paste.items.values()].map((item) => [item.number, item.textSeq, item.text]);
      const stored = [...state.items].map(([number, item]) => [number, item.textSeq, item.text]);
      this.#expect(JSON.stringify(known) === JSON.stringify(stored), `diverged: the items that ${name} shows`);
      for (const [target, box] of device.boxes) {
        if (target !== "pad") this.#expect(state.items.get(target)?.text === box, `diverged: the item ${target} that ${name} edits`);
      }
      const waits = Object.entries(device.storage).filter(([key, value]) => key.startsWith("pasted/live/")
        || (key.startsWith("pasted/request/") && !["aside", "refused"].includes(JSON.parse(value).entry.state)));
      this.#expect(waits.length === 0, `left in the storage of ${name}: ${waits.map(([key]) => key)}`);
    }
  }

  /** Each letter once: in the paste, or in what was knowingly taken away, or given back to who typed it. */
  checkLetters(devices, state) {
    const { plan } = this.world;
    const kept = new Map();
    for (const letter of state ? [state.pad, ...[...state.items.values()].map(({ text }) => text)].join("") : "") {
      kept.set(letter, (kept.get(letter) ?? 0) + 1);
    }
    const returned = new Map(devices.map((device) => [device, new Set(device.returned)]));
    const current = this.pastes.length - 1;
    for (const [letter, { device, paste, isDeleted, count }] of this.letters) {
      const code = `U+${letter.codePointAt(0).toString(16)} of ${device.name}`;
      const found = kept.get(letter) ?? 0;
      const gone = this.gone.get(letter) ?? 0;
      if (found > count || (!plan.rollsBack && found + gone > count)) this.violation(`duplicated: ${code}`);
      const isExcused = gone > 0 || isDeleted || returned.get(device).has(letter);
      if (found < count && !isExcused) this.violation(`lost: ${code}`);
      if (found > 0 && isDeleted && plan.isPlain) this.violation(`came back: ${code}`);
      if (found > 0 && paste !== null && paste !== current) this.violation(`merged into another paste: ${code}`);
    }
    for (const { name, session } of plan.isPlain ? devices : []) {
      for (const { code, fields } of session.outbox.returned()) this.violation(`given back by ${name}: ${code} ${JSON.stringify(fields)}`);
    }
  }

  #expect(holds, what) {
    if (!holds) this.violation(what);
  }
}
