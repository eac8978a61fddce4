// The connection of a session: when to dial, when to doubt, when to give up. Pure; effects go into the list that
// the session hands out.
//
//   idle --connect--> connecting --opened--> greeting --level--> live
//   live --greetAgain--> greeting               the state is asked for once more on the same connection
//   connecting, greeting, live --lost--> waiting --timer, wake--> connecting
//   connecting, greeting, live, waiting --rest--> idle          the paste is over, or there is none
//   connecting, greeting, live --lost 4501..4999, 4500 without a ghost, RFC 6455 codes that blame us--> stopped

import { closeRule } from "./protocol.js";

/** First and longest wait before connecting again, in milliseconds; each wait is random below its bound. */
export const BACKOFF_FIRST = 500;
export const BACKOFF_LONGEST = 30_000;
/** Silence after which a live connection is asked for a sign of life, and the wait for that sign. */
export const QUIET = 45_000;
export const PATIENCE = 8_000;
/** The same wait when the page wakes: a person looks at it. */
export const AWAKE_PATIENCE = 2_500;
/** From asking for a connection to being level: past it the attempt counts as failed. */
export const CONNECT_PATIENCE = 20_000;
/** The close codes of a connection that was lost, and of one that a newer connection of this client replaced. */
export const LOST = 1006;
const REPLACED = 4500;
/** The most lost connections of our own that are believed to come to the server later than one that followed them. */
const GHOSTS = 8;
/** Failed attempts after which somebody who does something is not left waiting for the next. */
const PATIENT_ATTEMPTS = 3;

export class Link {
  /** @param {object[]} effects where effects are put */
  constructor(effects) {
    this.effects = effects;
    this.state = "idle";
    this.online = true; // as the browser believes
    this.attempts = 0;
    this.isHurried = false; // the wait there is follows an attempt that was made in a hurry
    this.stopCode = 0;
    this.ghosts = 1; // lost connections that the server may hear of yet; at first one of this page's earlier life
  }

  connect() {
    this.state = "connecting";
    this.#do({ type: "connect" });
    this.#patience(CONNECT_PATIENCE);
  }

  opened() {
    this.state = "greeting";
  }

  /** The state is asked for again. */
  greetAgain() {
    this.state = "greeting";
    this.#patience(CONNECT_PATIENCE);
  }

  /** The server asked to wait so long before the state is asked for again. */
  greetLater(wait) {
    this.#do({ type: "timer", name: "again", after: wait });
    this.#patience(wait + CONNECT_PATIENCE);
  }

  /** The page has what the server has. */
  level() {
    this.state = "live";
    this.attempts = 0;
    this.#do({ type: "cancel", name: "connect" });
    this.#do({ type: "timer", name: "quiet", after: QUIET });
  }

  /** Something came in. */
  heard() {
    this.online = true; // whatever the browser believes
    if (this.state !== "live") return;
    this.#do({ type: "cancel", name: "pong" });
    this.#do({ type: "timer", name: "quiet", after: QUIET });
  }

  /** The socket was closed; returns what that means, as `closeRule` says, and acts unless the paste is over. */
  lost(code, random) {
    this.#cancel("connect", "quiet", "pong", "again");
    const rule = this.#isReplacedByGhost(code) ? "comeBack" : closeRule(code);
    if (code === LOST) this.ghosts = Math.min(GHOSTS, this.ghosts + 1);
    if (rule === "stop") {
      this.state = "stopped";
      this.stopCode = code;
    } else if (rule === "comeBack" && this.state !== "stopped") {
      this.state = "waiting";
      const bound = Math.min(BACKOFF_LONGEST, BACKOFF_FIRST * 2 ** Math.min(this.attempts, 16));
      this.attempts += 1;
      this.#do({ type: "timer", name: "reconnect", after: Math.floor(random * bound) });
    }
    return rule;
  }

  /**
   * The client id is this page's alone, so what replaced it can be a lost connection of its own that came to the server
   * late. Once each: what goes on replacing us is another page with our id, which has it then.
   */
  #isReplacedByGhost(code) {
    if (code !== REPLACED || this.ghosts === 0) return false;
    this.ghosts -= 1;
    return true;
  }

  /** No connection is wanted any more. */
  rest() {
    this.state = "idle";
    this.#cancel("connect", "quiet", "pong", "again", "reconnect");
  }

  /** One of its timers; returns whether the connection has to be given up. */
  timer(name) {
    switch (name) {
      case "reconnect":
        this.isHurried = false;
        if (this.state === "waiting") this.connect();
        return false;
      case "connect": return this.#isDialling;
      case "quiet":
        this.#probe(PATIENCE);
        return false;
      case "pong": return this.state === "live";
    }
    return false;
  }

  /** The device woke up, or its network changed: a connection that seems to be there is doubted. */
  wake() {
    if (this.state === "waiting") {
      this.#cancel("reconnect");
      this.connect();
    } else if (this.state === "live") {
      this.#probe(AWAKE_PATIENCE);
    } else if (this.#isDialling) {
      // It may have been asked for before the sleep, over a network that is no more.
      this.#patience(PATIENCE);
    }
  }

  /** What the browser says of the network. */
  network(online) {
    this.online = online;
    if (online || this.state === "waiting") this.wake();
    else this.#probe(PATIENCE);
  }

  /** Somebody waits for something: a long back-off is not sat out. Once: who types does not dial with every key. */
  hurry() {
    if (this.state !== "waiting" || this.attempts <= PATIENT_ATTEMPTS || this.isHurried) return;
    this.isHurried = true;
    this.wake();
  }

  get #isDialling() {
    return this.state === "connecting" || this.state === "greeting";
  }

  #probe(patience) {
    if (this.state !== "live") return;
    this.#do({ type: "send", message: { type: "ping" } });
    this.#do({ type: "timer", name: "pong", after: patience });
  }

  #patience(after) {
    this.#do({ type: "timer", name: "connect", after });
  }

  #cancel(...names) {
    for (const name of names) this.#do({ type: "cancel", name });
  }

  #do(effect) {
    this.effects.push(effect);
  }
}
