// What carries the messages: a WebSocket, or HTTP where something on the way blocks WebSockets.
//
//   a WebSocket fails to open, twice in a row ----\
//   it opens not and fails not, for a while -------> does the server answer a POST?
//                                                     no: the network is gone, or the server: no reason to change
//                                                     yes: a WebSocket once more; if it fails now, HTTP it is
//
// After a while, on another network and after a reload the WebSocket is tried again.

import { LOST } from "./link.js";
import { parse } from "./protocol.js";
import { read, Socket } from "./socket.js";

/** Failures in a row after which a WebSocket is doubted, and the time in which one should open. */
const FAILURES = 2;
export const DOUBT = 5_000;
/** How long a WebSocket counts as blocked. */
export const BLOCKED = 600_000;

export class Carrier {
  #report;
  #now;
  #socket;
  #stream = null; // loaded when it is asked for
  #load;
  #current = null; // the socket or the stream
  #attempt = 0; // the number of the latest one: an earlier one has nothing more to say
  #doubt = 0;
  #failures = 0;
  #blockedUntil = -Infinity;
  #isOpening = false; // the WebSocket is on its way
  #isSure = false; // and the server is known to answer

  /** @param {(event: object) => void} report takes `opened`, `closed` and `message` events */
  constructor(report, client, { socket = Socket, stream = loadStream, now = () => performance.now() } = {}) {
    this.#report = report;
    this.#now = now;
    this.#socket = new socket((event) => this.#heard(this.#socket, event));
    this.#load = async () => {
      const Stream = await stream();
      this.#stream ??= new Stream((event) => this.#heard(this.#stream, event), client, { parse, read, lost: LOST });
    };
  }

  open() {
    this.close();
    if (this.#now() < this.#blockedUntil) this.#openStream();
    else this.#openSocket(false);
  }

  send(message) {
    this.#current?.send(message);
  }

  close() {
    // Given up before it was open.
    if (this.#current === this.#socket && this.#isOpening) this.#failures += 1;
    this.#leave();
  }

  /** This is another network, maybe: what was blocked there need not be blocked here. */
  forgive() {
    this.#blockedUntil = -Infinity;
    this.#failures = 0;
  }

  #leave() {
    this.#attempt += 1;
    clearTimeout(this.#doubt);
    this.#isOpening = false;
    this.#current?.close();
    this.#current = null;
  }

  /** @param {boolean} isSure whether the server is known to answer right now */
  #openSocket(isSure) {
    this.#current = this.#socket;
    this.#isOpening = true;
    this.#isSure = isSure;
    const attempt = this.#attempt;
    this.#doubt = setTimeout(async () => {
      if ((isSure || (await this.#probe())) && attempt === this.#attempt) this.#block();
    }, DOUBT);
    this.#socket.open();
  }

  #openStream() {
    this.#current = this.#stream;
    this.#stream.open();
  }

  /** Whether the server answers a POST; from one that does not even send the module there is no answer to be had. */
  async #probe() {
    try {
      await this.#load();
    } catch {
      return false;
    }
    return this.#stream.probe();
  }

  #block() {
    this.#leave();
    this.#openStream();
  }

  #heard(carrier, event) {
    if (carrier !== this.#current) return;
    if (event.type === "opened" && carrier === this.#socket) {
      clearTimeout(this.#doubt);
      this.#attempt += 1; // a probe that is under way decides nothing any more
      this.#isOpening = false;
      this.#failures = 0;
    }
    if (event.type === "opened" && carrier === this.#stream && this.#now() >= this.#blockedUntil) {
      this.#blockedUntil = this.#now() + BLOCKED;
    }
    if (event.type === "closed") {
      clearTimeout(this.#doubt);
      if (this.#isOpening) return void this.#failed(event);
      this.#current = null;
    }
    this.#report(event);
  }

  async #failed(event) {
    this.#isOpening = false;
    if (this.#isSure) return this.#block();
    this.#failures += 1;
    const attempt = this.#attempt;
    const isThere = this.#failures >= FAILURES && (await this.#probe());
    if (attempt !== this.#attempt) return;
    if (isThere) return this.#openSocket(true);
    this.#current = null;
    this.#report({ ...event, code: event.code ?? LOST });
  }
}

let tries = 0;

/** Many browsers remember for an address that it failed: another attempt takes another address. */
async function loadStream() {
  const module = tries++ ? import(new URL(`./stream.js?${tries}`, import.meta.url)) : import("./stream.js");
  return (await module).Stream;
}
