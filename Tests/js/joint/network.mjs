// One TCP connection between a page and the server: bytes take their time, come in any pieces and in order, and the
// connection can be cut with nobody knowing what arrived. A page that gives up on it does not make it go away: what
// it had sent still arrives, maybe after what it sends on the next one.

import { CLOSE, frame, HANDSHAKE, PONG, Reader, TEXT } from "./wire.mjs";

export class Link {
  constructor(world, number) {
    this.world = world;
    this.number = number;
    this.seat = null; // {slot, generation} once the server has accepted it
    this.latency = world.dice.pick(2, 2, 40, 300, 2_000);
    if (world.isHealed) this.latency = 5;
    this.lastArrival = { server: 0, client: 0 };
    this.isLostToServer = false;
    this.isLostToClient = false;
    this.swallows = false; // what is under way to the server will not arrive
    this.muffles = false; // the same to the client
    this.onBytes = () => {};
    this.onEnd = () => {};
    this.#toServer(() => world.accept(this));
  }

  send(bytes) {
    const { dice } = this.world;
    if (this.isLostToClient) return;
    for (let start = 0; start < bytes.length;) {
      const count = dice.chance(100) ? dice.within(1, bytes.length - start) : bytes.length - start;
      const piece = bytes.subarray(start, (start += count));
      this.#toServer(() => this.seat && this.world.order("D", this.seat, piece));
    }
  }

  /** The page lets go of it: in order, or as a tab that is killed. */
  end() {
    if (this.isLostToClient) return;
    this.isLostToClient = true;
    this.#toServer(() => this.seat && this.world.order("E", this.seat));
  }

  #toServer(effect) {
    const at = this.#arrival("server");
    this.world.agenda.plan(at, () => {
      if (!this.swallows && !this.isLostToServer) effect();
    });
  }

  /** Bytes from the server. */
  deliver(bytes) {
    const { dice } = this.world;
    for (let start = 0; start < bytes.length;) {
      const count = dice.chance(150) ? dice.within(1, bytes.length - start) : bytes.length - start;
      const piece = bytes.subarray(start, (start += count));
      this.#toClient(() => this.onBytes(piece));
    }
  }

  serverEnds() {
    this.isLostToServer = true;
    this.seat = null;
    this.#toClient(() => {
      this.isLostToClient = true;
      this.onEnd();
    });
  }

  #toClient(effect) {
    this.world.agenda.plan(this.#arrival("client"), () => {
      if (!this.muffles && !this.isLostToClient) effect();
    });
  }

  #arrival(side) {
    const { dice, agenda } = this.world;
    const at = Math.max(this.lastArrival[side], agenda.now + dice.within(0, this.latency));
    this.lastArrival[side] = at;
    return at;
  }

  /** Of what is under way some, all or nothing arrives, and each side learns of the end when it may. */
  cut(serverLearns, clientLearns) {
    const { dice, agenda } = this.world;
    if (dice.chance(500)) this.swallows = true;
    if (dice.chance(500)) this.muffles = true;
    agenda.plan(agenda.now + serverLearns, () => {
      this.swallows = true;
      if (this.isLostToServer) return;
      this.isLostToServer = true;
      this.world.forget(this);
    });
    agenda.plan(agenda.now + clientLearns, () => {
      this.muffles = true;
      if (this.isLostToClient) return;
      this.isLostToClient = true;
      this.onEnd();
    });
  }

  /** The browser loses it and says so; what the page had sent is still on its way to the server. */
  abandon() {
    if (this.isLostToClient) return;
    this.end();
    this.onEnd();
  }

  /** The server's process is gone. */
  serverDied() {
    if (this.isLostToServer) return;
    this.isLostToServer = true;
    this.seat = null;
    this.cut(0, this.world.dice.within(0, 2_000));
  }
}

/** What a browser gives a page, as far as Public/js/socket.js uses it. */
export class SimulatedWebSocket {
  static OPEN = 1;
  /** The device whose page is running. */
  static device = null;

  constructor() {
    this.device = SimulatedWebSocket.device;
    this.world = this.device.world;
    this.readyState = 0;
    this.listeners = {};
    this.reader = new Reader();
    this.code = 1006;
    this.link = this.world.connect(this.device);
    if (this.link === null) {
      this.world.after(this.world.dice.within(0, 300), () => this.#ended());
      return;
    }
    this.link.onBytes = (bytes) => this.#take(bytes);
    this.link.onEnd = () => this.#ended();
    this.link.send(HANDSHAKE);
  }

  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }

  send(text) {
    this.world.tell(() => `${this.device.name} -> [${this.link.number}] ${text}`);
    this.link.send(frame(TEXT, Buffer.from(text), this.world.dice.word()));
  }

  close(code) {
    if (this.readyState >= 2) return;
    if (this.readyState === 1) this.#sayGoodbye(code);
    this.readyState = 2;
    this.link?.end();
  }

  #sayGoodbye(code) {
    this.link.send(frame(CLOSE, Buffer.from([code >> 8, code & 255]), this.world.dice.word()));
  }

  #take(bytes) {
    for (const each of this.reader.take(bytes)) {
      switch (each.kind) {
        case "open":
          this.readyState = 1;
          this.#report("open", {});
          break;
        case "text":
          this.#report("message", { data: each.text });
          break;
        case "ping":
          this.link.send(frame(PONG, each.payload, this.world.dice.word()));
          break;
        case "close":
          this.code = each.code;
          this.#sayGoodbye(each.code === 1005 ? 1000 : each.code);
          this.link.end();
          this.#ended();
      }
      if (this.readyState >= 2) return;
    }
  }

  #ended() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#report("close", { code: this.code });
  }

  #report(type, event) {
    this.device.run(() => this.listeners[type]?.(event));
  }
}
