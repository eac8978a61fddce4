// One device: a browser's storage and a page in it, which is made of the page's real modules. What main.js does for
// them with the DOM's clock is done here with the world's.

import { createSession } from "../../../Public/js/session.js";
import { Socket } from "../../../Public/js/socket.js";
import { Store } from "../../../Public/js/store.js";
import { apply } from "../../../Public/js/text.js";
import { SimulatedWebSocket } from "./network.mjs";

/** Where each device's own letters begin; every second lies where UTF-16 needs two units. */
const ALPHABETS = [0x4e00, 0x20000, 0xac00, 0x30000];
/** main.js stores the cursor after so many milliseconds. */
const CURSOR_PAUSE = 200;

/** localStorage: names and strings. */
function storage() {
  const values = {};
  const hidden = {
    getItem: (name) => values[name] ?? null,
    setItem: (name, value) => void (values[name] = String(value)),
    removeItem: (name) => void delete values[name],
  };
  return new Proxy(values, { get: (_, name) => hidden[name] ?? values[name] });
}

export class Device {
  constructor(world, at) {
    this.world = world;
    this.dice = world.dice;
    this.at = at;
    this.name = "abcd"[at];
    this.client = this.name.repeat(32);
    this.storage = storage();
    this.letters = 0;
    this.boots = 0;
    this.isAsleep = false;
  }

  /** Runs code of the page as the browser does: with its storage, its clock, its chance. */
  run(code) {
    const { device } = SimulatedWebSocket;
    SimulatedWebSocket.device = this;
    globalThis.localStorage = this.storage;
    try {
      return code();
    } finally {
      SimulatedWebSocket.device = device;
      if (device) globalThis.localStorage = device.storage;
    }
  }

  // The page

  /** A page is opened; an earlier one is gone with all that it had not stored. */
  boot(key) {
    this.run(() => {
      this.socket?.close();
      for (const timer of this.timers?.values() ?? []) timer.action = null;
      this.timers = new Map();
      this.boots += 1;
      this.key = key;
      this.store = new Store(key ?? "");
      this.store.client = this.client;
      const left = this.store.load();
      this.session = createSession({ client: this.client, key, ...left });
      const page = this.boots;
      this.socket = new Socket((event) => {
        if (page === this.boots) this.heard(event);
      });
      this.boxes = new Map([["pad", this.session.desk.pad.text]]);
      this.world.tell(() => `${this.name} boots: ${JSON.stringify(left)}`);
      this.handle({ type: "start" });
    });
  }

  /** The browser is closed; what is stored stays. */
  sleep() {
    this.isAsleep = true;
    this.boots += 1;
    this.run(() => this.socket?.close());
    for (const timer of this.timers?.values() ?? []) timer.action = null;
    this.timers = new Map();
  }

  wakeUp() {
    this.isAsleep = false;
    this.boot(this.key);
  }

  heard(event) {
    if (event.type === "message") {
      this.world.tell(() => `${this.name} <- ${JSON.stringify(event.message)}`);
      this.world.ledger.shown(this, event.message);
    } else {
      this.world.tell(() => `${this.name} ${event.type} ${event.code ?? ""}`);
    }
    this.handle(event);
  }

  handle(event) {
    this.run(() => {
      for (const effect of this.session.handle(event)) this.perform(effect);
    });
    for (const [target, box] of this.boxes) {
      const live = this.session.desk.texts.get(target);
      if (live && live.text !== box) this.world.ledger.violation(`diverged: ${this.name} shows another ${target} than it edits`);
    }
  }

  perform(effect) {
    switch (effect.type) {
      case "connect": return this.socket.open();
      case "disconnect": return this.socket.close();
      case "send": return this.socket.send(effect.message);
      case "timer": return this.timer(effect.name, effect.after, () => {
        this.handle({ type: "timer", name: effect.name, random: this.dice.fraction() });
      });
      case "cancel": return this.cancel(effect.name);
      case "store": return this.store.saveRequests(this.session.outbox, effect.refs);
      case "record": return this.storeText(effect.target);
      case "cursor":
        if (!this.timers.has("store cursor")) this.timer("store cursor", CURSOR_PAUSE, () => this.run(() => this.store.saveCursor(this.session.cursor)));
        return;
      case "address":
        this.store.moveTo(effect.paste);
        this.key = effect.paste;
        return this.world.published(effect.paste);
      case "text":
        if (this.boxes.has(effect.target)) this.boxes.set(effect.target, apply(this.boxes.get(effect.target), effect.ops));
        return;
      case "closed": return this.boxes.delete(effect.target);
    }
  }

  storeText(target) {
    const record = this.session.desk.texts.get(target)?.record ?? null;
    if (record !== null && this.session.cursor !== null) this.store.saveCursor(this.session.cursor);
    this.store.saveText(target, record);
  }

  timer(name, after, action) {
    this.cancel(name);
    this.timers.set(name, this.world.agenda.plan(this.world.now + Math.floor(after), () => {
      this.timers.delete(name);
      action();
    }));
  }

  cancel(name) {
    const timer = this.timers.get(name);
    if (timer) timer.action = null;
    this.timers.delete(name);
  }

  // The person

  /** Does something, or nothing, then thinks. */
  live() {
    if (this.world.isHealed) return;
    if (!this.isAsleep) this.act();
    this.world.after(this.dice.within(1, this.dice.chance(100) ? 3_000 : 250), () => this.live());
  }

  act() {
    const { dice, session } = this;
    if (this.key === null) {
      if (session.create === null && dice.chance(500)) this.handle({ type: "act", verb: "create" });
      if (dice.chance(30)) this.socket.socket?.link?.cut(dice.within(0, 300), dice.within(0, 300));
      return;
    }
    let left = dice.within(0, 999);
    for (const [weight, deed] of this.deeds) {
      left -= weight;
      if (left < 0) return deed();
    }
  }

  /** What a person or bad luck may do, and how often in a thousand. */
  get deeds() {
    const { dice, world: { plan } } = this;
    return [
      [420, () => this.write()],
      [40, () => this.append()],
      [30, () => this.openItem()],
      [10, () => this.closeItem()],
      [plan.keeps, () => this.handle({ type: "act", verb: "keep" })],
      [plan.removes, () => this.remove()],
      [plan.boots, () => this.boot(this.key)],
      [25, () => this.cut()],
      [10, () => this.handle({ type: "wake" })],
      [10, () => this.handle({ type: "network", online: dice.chance(500) })],
      [10, () => this.stall()],
      [plan.extends, () => this.handle({ type: "act", verb: "extend", expiresIn: dice.within(20_000, 60_000) })],
    ];
  }

  /** Letters that nobody wrote before, or, where plainly repeated ones are asked for, some of four. */
  newText(count) {
    const { world, dice } = this;
    return Array.from({ length: count }, () => {
      this.letters += 1;
      const letter = String.fromCodePoint(ALPHABETS[this.at] + (world.plan.repeats ? dice.within(0, 3) : this.letters));
      world.ledger.typed(this, letter);
      return letter;
    }).join("");
  }

  write() {
    const { dice, session, world } = this;
    if (!session.paste.writable) return;
    const targets = [...this.boxes.keys()].filter((target) => session.desk.texts.has(target));
    const target = dice.pick(...targets);
    const box = this.boxes.get(target);
    const points = [...box];
    const at = dice.within(0, points.length);
    const isDeleting = world.plan.deletes && dice.chance(300) && at < points.length;
    const drop = isDeleting ? dice.within(1, Math.min(4, points.length - at)) : 0;
    const insert = drop > 0 && dice.chance(500) ? "" : this.newText(dice.within(1, 3)) + (dice.chance(80) ? "\n" : "");
    world.ledger.deleted(points.slice(at, at + drop));
    this.type(target, [...(at ? [at] : []), ...(insert ? [insert] : []), ...(drop ? [-drop] : [])]);
  }

  /** Types; the box shows it before anybody is told. */
  type(target, ops) {
    this.world.tell(() => `${this.name} types into ${target}: ${JSON.stringify(ops)}`);
    this.boxes.set(target, apply(this.boxes.get(target), ops));
    this.handle({ type: "act", verb: "type", target, ops });
  }

  append() {
    if (!this.session.paste.writable) return;
    const text = this.newText(this.dice.within(1, 6)) + this.dice.pick("", "\r\n", "\u{1F469}\u200D\u{1F467}", "\u0000\t\"\\");
    this.world.tell(() => `${this.name} appends ${JSON.stringify(text)}`);
    this.handle({ type: "act", verb: "append", text });
  }

  openItem() {
    const items = [...this.session.paste.items.keys()];
    if (items.length === 0) return;
    const target = this.dice.pick(...items);
    this.handle({ type: "act", verb: "open", target });
    const live = this.session.desk.texts.get(target);
    if (live) this.boxes.set(target, live.text);
  }

  closeItem() {
    const target = [...this.boxes.keys()].find((each) => each !== "pad");
    if (target === undefined) return;
    this.boxes.delete(target);
    this.handle({ type: "act", verb: "close", target });
  }

  remove() {
    const items = [...this.session.paste.items.keys()];
    if (items.length === 0) return;
    const item = this.dice.pick(...items);
    this.world.tell(() => `${this.name} removes ${item}`);
    if (this.dice.chance(800)) this.handle({ type: "act", verb: "remove", item });
    else this.handle({ type: "act", verb: "clear", through: item });
  }

  cut() {
    const { dice } = this;
    const link = this.socket.socket?.link;
    if (!link || !this.world.plan.cuts) return;
    this.world.tell(() => `${this.name}: link ${link.number} is cut`);
    switch (dice.within(0, 4)) {
      case 0: return link.cut(200_000, dice.within(0, 2_000)); // the server does not learn of it until it asks
      case 1: return link.cut(dice.within(0, 2_000), 200_000); // the page does not, until it asks
      case 2: // what is sent from now on is late, and comes although the page gives up on it
        link.latency = 5_000;
        return this.world.after(dice.within(0, 3_000), () => link.abandon());
      default: return link.cut(dice.within(0, 300), dice.within(0, 300));
    }
  }

  /** The page takes nothing for a while: the server holds a place in the log for it, not messages. */
  stall() {
    const link = this.socket.socket?.link;
    if (!link?.seat || !this.world.plan.stalls) return;
    this.world.tell(() => `${this.name}: link ${link.number} stalls`);
    this.world.order("B", link.seat);
    this.world.after(this.dice.within(100, 8_000), () => link.seat && this.world.order("U", link.seat));
  }

  // The end

  /** Whether nothing is left to wait for. */
  get isAtRest() {
    const { session } = this;
    if (session.paste.phase === "over" || session.paste.phase === "unknown") return session.outbox.unanswered().length === 0;
    if (this.world.ledger.paste?.isRemoved) return false;
    return session.connection === "live" && session.desk.unsent === 0 && session.outbox.unanswered().length === 0
      && session.cursor !== null && session.cursor.tag === this.world.ledger.headTag;
  }

  describe() {
    const { session } = this;
    return `${session.connection}, ${session.paste.phase}, ${session.desk.unsent} unsent, ${session.outbox.unanswered().length} unanswered, `
      + `at ${session.cursor?.seq} of ${this.world.ledger.head?.seq}`;
  }

  /** The texts that were given back to the person. */
  get returned() {
    return this.session.outbox.returned().map(({ fields }) => fields.text).join("");
  }
}
