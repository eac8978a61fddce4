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
export const REPLACED = 4500;
/** The most lost connections of our own that are believed to come to the server later than one that followed them. */
const GHOSTS = 8;
/** Failed attempts after which somebody who does something is not left waiting for the next. */
const PATIENT_ATTEMPTS = 3;

/** @param {object[]} effects where effects are put */
export function createLink(effects) {
  let isHurried = false; // the wait there is follows an attempt that was made in a hurry
  let ghosts = 1; // lost connections that the server may hear of yet; at first one of this page's earlier life
  const link = {
    state: "idle",
    online: true, // as the browser believes
    attempts: 0,
    stopCode: 0,
    connect, opened, greetAgain, greetLater, level, heard, lost, rest, timer, wake, network, hurry,
  };
  return link;

  function connect() {
    link.state = "connecting";
    effects.push({ type: "connect" });
    set("connect", CONNECT_PATIENCE);
  }

  function opened() {
    link.state = "greeting";
  }

  /** The state is asked for again. */
  function greetAgain() {
    link.state = "greeting";
    set("connect", CONNECT_PATIENCE);
  }

  /** The server asked to wait so long before the state is asked for again. */
  function greetLater(wait) {
    set("again", wait);
    set("connect", wait + CONNECT_PATIENCE);
  }

  /** The page has what the server has. */
  function level() {
    link.state = "live";
    link.attempts = 0;
    cancel("connect");
    set("quiet", QUIET);
  }

  /** Something came in. */
  function heard() {
    link.online = true; // whatever the browser believes
    if (link.state !== "live") return;
    cancel("pong");
    set("quiet", QUIET);
  }

  /** The socket was closed; returns what that means, as `closeRule` says, and acts unless the paste is over. */
  function lost(code, random) {
    cancel("connect", "quiet", "pong", "again");
    const rule = isReplacedByGhost(code) ? "comeBack" : closeRule(code);
    if (code === LOST) ghosts = Math.min(GHOSTS, ghosts + 1);
    if (rule === "stop") {
      link.state = "stopped";
      link.stopCode = code;
    } else if (rule === "comeBack" && link.state !== "stopped") {
      link.state = "waiting";
      const bound = Math.min(BACKOFF_LONGEST, BACKOFF_FIRST * 2 ** Math.min(link.attempts, 16));
      link.attempts += 1;
      set("reconnect", Math.floor(random * bound));
    }
    return rule;
  }

  /**
   * The client id is this page's alone, so what replaced it can be a lost connection of its own that came to the server
   * late. Once each: what goes on replacing us is another page with our id, which has it then.
   */
  function isReplacedByGhost(code) {
    if (code !== REPLACED || ghosts === 0) return false;
    ghosts -= 1;
    return true;
  }

  /** No connection is wanted any more. */
  function rest() {
    link.state = "idle";
    cancel("connect", "quiet", "pong", "again", "reconnect");
  }

  /** One of its timers; returns whether the connection has to be given up. */
  function timer(name) {
    switch (name) {
      case "reconnect":
        isHurried = false;
        if (link.state === "waiting") connect();
        return false;
      case "connect": return isDialling();
      case "quiet":
        probe(PATIENCE);
        return false;
      case "pong": return link.state === "live";
    }
    return false;
  }

  /** The device woke up, or its network changed: a connection that seems to be there is doubted. */
  function wake() {
    if (link.state === "waiting") {
      cancel("reconnect");
      connect();
    } else if (isDialling()) {
      // It may have been asked for before the sleep, over a network that is no more.
      set("connect", PATIENCE);
    } else {
      probe(AWAKE_PATIENCE);
    }
  }

  /** What the browser says of the network. */
  function network(online) {
    link.online = online;
    if (online || link.state === "waiting") wake();
    else probe(PATIENCE);
  }

  /** Somebody waits for something: a long back-off is not sat out. Once: who types does not dial with every key. */
  function hurry() {
    if (link.state !== "waiting" || link.attempts <= PATIENT_ATTEMPTS || isHurried) return;
    isHurried = true;
    wake();
  }

  function isDialling() {
    return link.state === "connecting" || link.state === "greeting";
  }

  function probe(patience) {
    if (link.state !== "live") return;
    effects.push({ type: "send", message: { type: "ping" } });
    set("pong", patience);
  }

  function set(name, after) {
    effects.push({ type: "timer", name, after });
  }

  function cancel(...names) {
    for (const name of names) effects.push({ type: "cancel", name });
  }
}
