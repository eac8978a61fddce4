// Everything that a seed decides: the real core in its process with its disk, a network, devices with the real page
// modules, and what goes wrong among them.

import { Device } from "./device.mjs";
import { Agenda, Dice } from "./dice.mjs";
import { Ledger } from "./ledger.mjs";
import { Link, SimulatedWebSocket } from "./network.mjs";
import { FATE } from "./server-process.mjs";
import { frame, HANDSHAKE, Reader, TEXT } from "./wire.mjs";

const START = 1_760_000_000_000;
const OWN_KEY = "my-simulated-key";

/** What kind of world a seed makes. */
function plan(dice) {
  const kind = dice.pick("steady", "steady", "steady", "plain", "plain", "ends", "made anew", "rolled back");
  const isPlain = kind === "plain";
  return {
    kind,
    isPlain, // no snapshot has to stand for events: what was deleted stays deleted
    rollsBack: kind === "rolled back",
    devices: dice.within(2, 4),
    steps: dice.within(600, 1_800),
    isFront: kind === "steady" && dice.chance(300), // the first device makes the paste
    repeats: kind === "steady" && dice.chance(300), // letters repeat, nothing is deleted
    deletes: true,
    cuts: dice.chance(850),
    stalls: !isPlain && dice.chance(400),
    kills: isPlain ? 0 : dice.pick(0, 5, 15),
    keeps: isPlain ? 0 : dice.pick(0, 12, 40),
    removes: isPlain ? 0 : dice.pick(0, 0, 10),
    boots: isPlain ? 0 : dice.pick(0, 6, 25),
    extends: isPlain ? 0 : dice.pick(0, 0, 2), // to so short a life that it may end
    faults: dice.chance(600) ? dice.within(20, 300) : 0,
    lifetime: kind === "made anew" ? 90_000 : 3_000_000,
    heldEvents: isPlain ? 4_096 : dice.pick(1, 4, 16, 4_096),
    heldTags: isPlain ? 65_536 : dice.pick(8, 64, 65_536),
    checkpointEvents: dice.pick(3, 20, 512),
    highWaterBytes: isPlain ? 256 << 10 : dice.pick(512, 4_096, 256 << 10),
    refillBytes: dice.pick(256, 4_096),
    snapshotPartBytes: dice.pick(64, 4_096),
    idleMilliseconds: dice.pick(50, 2_000, 30_000),
    editsPerSecond: dice.pick(2, 10, 200, 200),
  };
}

export class World {
  constructor(seed, server, orders, trace = null) {
    Object.assign(this, { seed, server, orders, trace });
    this.dice = new Dice(seed);
    this.plan = plan(this.dice);
    if (this.plan.repeats) this.plan.deletes = false;
    this.agenda = new Agenda(START);
    this.ledger = new Ledger(this);
    this.links = new Map(); // slot -> link
    this.generations = [];
    this.linkCount = 0;
    this.isUp = true;
    this.isHealed = false;
    this.isTickPlanned = false;
    this.isDiskBusy = false;
    this.process = 0;
    this.timerAt = 0;
    this.counts = { kills: 0, shown: 0, typed: 0 };
    this.key = null;
    this.tell(() => JSON.stringify(this.plan));
    this.install();
    const { plan: p } = this;
    orders.clear();
    orders.add("R", seed, seed, p.heldEvents, p.heldTags, p.checkpointEvents, p.lifetime, p.highWaterBytes,
      p.refillBytes, p.snapshotPartBytes, p.idleMilliseconds, p.editsPerSecond);
    this.planTick();
  }

  get now() {
    return this.agenda.now;
  }

  after(delay, action) {
    return this.agenda.plan(this.now + delay, action);
  }

  tell(what) {
    if (this.trace) this.trace(`${this.now - START} ${what()}`);
  }

  /** What page code reaches for by name. */
  install() {
    const world = this;
    const globals = { WebSocket: SimulatedWebSocket, location: { href: `https://pasted.test/${OWN_KEY}`, protocol: "https:" }, localStorage: null };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    Math.random = () => world.dice.fraction();
    Date.now = () => world.now;
  }

  // The server

  order(letter, seat, bytes = undefined) {
    this.orders.add(letter, seat.slot, seat.generation);
    if (bytes) this.orders.addText(bytes);
    this.planTick();
  }

  planTick() {
    if (this.isTickPlanned) return;
    this.isTickPlanned = true;
    this.after(this.dice.within(0, 2), () => {
      this.isTickPlanned = false;
      if (this.isUp) this.tick();
    });
  }

  tick() {
    const news = this.server.call(this.orders, this.now);
    let dumped = null;
    for (const each of news) {
      switch (each.kind) {
        case "sent": this.#linkOf(each)?.deliver(each.bytes); break;
        case "closed": {
          const link = this.#linkOf(each);
          this.links.delete(each.slot);
          link?.serverEnds();
          break;
        }
        case "made": this.ledger.made(each); break;
        case "stored": this.tell(() => `disk: ${each.seq} ${each.tag}`); this.ledger.stored(each); break;
        case "removed": this.tell(() => "disk: removed"); this.ledger.removed(each); break;
        case "rolledBack": this.tell(() => `disk: rolled back to ${each.seq}`); this.ledger.rolledBack(each); break;
        case "status": this.#status(each); break;
        case "dump": dumped = each.state;
      }
    }
    return dumped;
  }

  #linkOf({ slot, generation }) {
    const link = this.links.get(slot);
    return link?.seat?.generation === generation ? link : undefined;
  }

  #status({ queued, deadline }) {
    if (queued > 0) this.#planDisk(queued);
    if (deadline > 0 && deadline !== this.timerAt) {
      this.timerAt = deadline;
      const { process } = this;
      this.agenda.plan(deadline, () => {
        if (this.process !== process || this.timerAt !== deadline) return;
        this.timerAt = 0;
        this.planTick();
      });
    }
  }

  /** The disk works when it likes; between the work and the answer the process may die. */
  #planDisk(queued) {
    if (this.isDiskBusy) return;
    this.isDiskBusy = true;
    const { process, dice } = this;
    const isSlow = !this.isHealed && dice.chance(15);
    this.after(isSlow ? dice.within(500, 3_000) : dice.within(0, 15), () => {
      if (process !== this.process) return;
      const count = dice.chance(200) ? dice.within(1, queued) : queued;
      const fate = !this.isHealed && dice.chance(this.plan.faults) ? dice.pick(FATE.refused, FATE.lost, FATE.doneUnheard) : FATE.done;
      this.orders.add("S", count);
      this.orders.addByte(fate);
      if (!this.isHealed && dice.chance(this.plan.kills)) {
        // Between commit and show.
        this.tick();
        return this.kill();
      }
      if (dice.chance(500)) {
        this.isDiskBusy = false;
        this.orders.add("A");
        return this.planTick();
      }
      this.tick();
      this.after(dice.within(0, 3), () => {
        if (process !== this.process) return;
        this.isDiskBusy = false;
        this.orders.add("A");
        this.planTick();
      });
    });
  }

  kill(rollBack = 0) {
    if (!this.isUp) return;
    this.tell(() => "the server is killed");
    this.counts.kills += 1;
    this.process += 1;
    this.isDiskBusy = false;
    this.timerAt = 0;
    this.isUp = false;
    this.orders.clear();
    for (const link of this.links.values()) link.serverDied();
    this.links.clear();
    this.after(this.isHealed ? 0 : this.dice.within(10, 3_000), () => {
      this.tell(() => "the server is up");
      this.isUp = true;
      this.orders.clear();
      if (rollBack > 0) this.orders.add("Z", rollBack);
      this.orders.add("K");
      this.tick();
    });
  }

  // What devices need

  /** A new connection, or null when nobody listens. */
  connect() {
    if (!this.isUp || (!this.isHealed && this.plan.cuts && this.dice.chance(50))) return null;
    this.linkCount += 1;
    return new Link(this, this.linkCount);
  }

  accept(link) {
    if (!this.isUp) return link.serverDied();
    let slot = 0;
    while (this.links.has(slot)) slot += 1;
    this.generations[slot] = (this.generations[slot] ?? 0) + 1;
    link.seat = { slot, generation: this.generations[slot] };
    this.links.set(slot, link);
    this.order("O", link.seat);
  }

  /** The server learns that a connection is gone. */
  forget(link) {
    if (!link.seat) return;
    this.links.delete(link.seat.slot);
    this.order("X", link.seat);
    link.seat = null;
  }

  /** The paste has a key: everybody else opens it. */
  published(key) {
    this.key ??= key;
    for (const device of this.devices) if (device.key === null && !device.session) device.boot(key);
    for (const device of this.devices) if (device.key === null) device.boot(key);
  }

  /** Somebody makes the paste with a key of its own choice, and sees to it that it is made. */
  make(then, ref = 1 + this.ledger.pastes.length) {
    const { dice } = this;
    const link = this.connect();
    if (link === null) return this.after(100, () => this.make(then, ref));
    link.latency = 1;
    const reader = new Reader();
    const isShort = ref === 1 && (this.plan.kind === "ends" || this.plan.kind === "made anew");
    const expiresIn = isShort ? dice.within(3_000, 40_000) : this.plan.lifetime;
    const say = (message) => link.send(frame(TEXT, Buffer.from(JSON.stringify(message)), dice.word()));
    link.onEnd = () => {
      if (then) this.after(50, () => this.make(then, ref));
    };
    link.onBytes = (bytes) => {
      for (const { text } of reader.take(bytes).filter(({ kind }) => kind === "text")) {
        const { type, retry, retryAfter } = JSON.parse(text);
        if (type === "created") {
          const done = then;
          then = null;
          link.end();
          done?.();
        } else if (type === "error") {
          if (retry === "never") {
            this.ledger.violation(`the paste could not be made: ${text}`);
            then = null;
          }
          this.after(retryAfter ?? 100, () => say(create));
        }
      }
    };
    const create = { type: "create", ref, key: OWN_KEY, expiresIn };
    link.send(HANDSHAKE);
    say({ type: "hello", client: "f".repeat(32) });
    say(create);
  }

  // Running

  /** Lets trouble happen, heals everything, and holds what remains against the laws. */
  run() {
    const { plan, dice, agenda, ledger } = this;
    this.devices = Array.from({ length: plan.devices }, (_, at) => new Device(this, at));
    if (plan.isFront) {
      this.devices[0].boot(null);
      for (const device of this.devices) device.key = null;
    } else {
      const faults = plan.faults;
      plan.faults = 0;
      this.make(() => {
        plan.faults = faults;
        this.key = OWN_KEY;
        for (const device of this.devices) this.after(dice.within(0, 500), () => device.boot(OWN_KEY));
      });
    }
    const live = (device) => (device.session ? device.live() : this.after(50, () => live(device)));
    for (const device of this.devices) live(device);
    this.#planTrouble();
    let steps = 0;
    while (ledger.violations.length === 0 && steps < plan.steps && agenda.step(Infinity)) steps += 1;
    if (plan.kind === "made anew") this.#makeAnew();
    if (ledger.violations.length === 0) this.#heal();
    return this;
  }

  #planTrouble() {
    const { dice, plan } = this;
    if (plan.rollsBack) {
      this.after(dice.within(2_000, 15_000), () => !this.isHealed && this.kill(dice.within(1, 40)));
    }
    const drain = () => {
      if (this.isHealed) return;
      if (this.isUp) {
        this.tell(() => "the server is asked to end");
        this.orders.add("G");
        this.planTick();
        this.after(dice.within(0, 1_000), () => this.kill());
      }
      this.after(dice.within(5_000, 60_000), drain);
    };
    if (plan.kills > 0 && dice.chance(300)) this.after(dice.within(1_000, 20_000), drain);
  }

  /** The paste ends, its key is free again in its time, and somebody makes another with it. */
  #makeAnew() {
    const { agenda, ledger, dice } = this;
    const waitFor = (isTrue, within) => {
      const end = agenda.now + within;
      while (ledger.violations.length === 0 && !isTrue() && agenda.step(end)) {}
    };
    const isAway = this.devices.map(() => dice.chance(600));
    const closeAway = () => {
      this.devices.forEach((device, at) => {
        if (isAway[at]) device.sleep();
      });
    };
    closeAway();
    waitFor(() => ledger.paste?.isRemoved, 400_000);
    if (!ledger.paste?.isRemoved) ledger.violation("the paste did not end");
    waitFor(() => false, 2 * this.plan.lifetime + 20_000);
    let isMade = false;
    this.make(() => (isMade = true));
    waitFor(() => isMade, 100_000);
    if (!isMade) return ledger.violation("the key did not become free");
    for (const device of this.devices) {
      if (device.isAsleep) device.wakeUp();
      else if (dice.chance(500)) device.boot(this.key);
    }
    waitFor(() => false, dice.within(0, 10_000));
  }

  #heal() {
    this.tell(() => "everything heals");
    const { agenda, ledger } = this;
    this.isHealed = true;
    if (this.plan.isFront && this.key === null) {
      this.devices[0].handle({ type: "act", verb: "create" });
    }
    for (const link of this.links.values()) {
      link.latency = 5;
      if (link.seat) this.order("U", link.seat);
    }
    for (const device of this.devices) if (device.session) device.handle({ type: "wake" });
    const end = agenda.now + 400_000;
    const isLevel = () => this.isUp && this.devices.every((device) => device.session && device.isAtRest);
    while (ledger.violations.length === 0 && !isLevel() && agenda.step(end)) {}
    if (ledger.violations.length > 0) return;
    if (!this.isUp) return ledger.violation("the server is not up");
    this.orders.add("P", Math.max(0, ledger.pastes.length - 1));
    const state = this.tick();
    if (state === null && !ledger.paste?.isRemoved) ledger.violation("the paste is not on the disk");
    if (this.plan.kind === "steady" && ledger.pastes.length !== 1) ledger.violation(`${ledger.pastes.length} pastes were made`);
    if (state !== null && state.tag !== ledger.headTag) ledger.violation("the disk has another head than it told");
    ledger.checkPages(this.devices, state);
    ledger.checkLetters(this.devices, state);
  }
}
