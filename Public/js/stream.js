// The connection where no WebSocket comes through: messages come as server-sent events in an answer that goes on and on,
// and go as one POST each, in their order. To the session it is the same as `Socket`.
//
// The events are read with `fetch`, not with `EventSource`: that can name the client only in the address, which proxies
// log; it hides comments, so that a dead connection looks like a quiet one; and it comes back by rules of its own, beside
// the session's.
//
// Few networks need this module, so it is loaded when one does; what it has in common with the page it is given.

import { EventReader } from "./event-reader.js";
import { Slot } from "./slot.js";

/** Silence after which a stream counts as lost: the server says every 15 s that it is alive. */
export const SILENCE = 25_000;
/** The longest wait for the answer to one message; the server answers within 10 s, or says how long to wait. */
export const ANSWER = 15_000;
/** The longest wait for the answer to the first message, which shows whether the server is there. */
const FIRST_ANSWER = 8_000;
/** After which it is asked once more, on another connection: one that the browser keeps may lead nowhere since a sleep. */
export const ASK_AGAIN = 2_000;

export class Stream {
  /**
   * @param {(event: object) => void} report takes `opened`, `closed` and `message` events
   * @param {string} client whose messages these are
   * @param {{parse: (text: string) => object, read: (text: string) => object | null, lost: number}} common how a message is
   *   read, and the code of a connection that was lost
   */
  constructor(report, client, common, { fetch = globalThis.fetch.bind(globalThis), slot = new Slot(() => this.#yield()) } = {}) {
    this.report = report;
    this.client = client;
    this.common = common;
    this.fetch = fetch;
    this.slot = slot;
    this.current = null; // of the connection there is: how to end it, its paste, and what waits to be sent
  }

  /** Opens it; `opened` is reported when the server has answered. */
  open() {
    this.close();
    const connection = {
      ending: new AbortController(), following: null, paste: null, queue: [], isSending: false, watch: 0, heardAt: null,
    };
    this.current = connection;
    this.#greet(connection);
  }

  send(message) {
    const connection = this.current;
    if (connection === null) return;
    if (message.type === "hello") return; // it was said in every request
    if (message.type === "ping") return void queueMicrotask(() => this.#probed(connection));
    if (message.type === "subscribe") return void this.#follow(connection, message);
    connection.queue.push(message);
    this.#flush(connection);
  }

  /** Lets go of the connection; nothing more is reported of it. */
  close() {
    const connection = this.current;
    this.current = null;
    if (connection === null) return;
    clearTimeout(connection.watch);
    connection.ending.abort();
    connection.following?.abort();
    this.slot.leave();
  }

  /** Whether the server answers requests. Leaves the connection as it is. */
  async probe() {
    try {
      await this.#hello();
      return true;
    } catch {
      return false;
    }
  }

  // Receiving

  async #greet(connection) {
    try {
      const welcome = await this.#hello(connection.ending.signal);
      if (this.current !== connection) return;
      this.report({ type: "opened", carrier: "http" });
      this.#deliver(connection, welcome);
    } catch {
      this.#lost(connection);
    }
  }

  /** The first message; what comes first counts, the other questions are taken back and their connections with them. */
  async #hello(ending = null) {
    const enough = new AbortController();
    ending?.addEventListener("abort", () => enough.abort());
    const asked = [];
    for (let after = 0; after < FIRST_ANSWER; after += ASK_AGAIN) asked.push(this.#askAfter(after, enough.signal));
    try {
      return await Promise.race(asked);
    } finally {
      enough.abort();
    }
  }

  async #askAfter(after, signal) {
    if (after > 0) await pause(after, signal);
    return this.#ask(this.#post("/live", { type: "hello", client: this.client }, within(FIRST_ANSWER - after, signal)));
  }

  async #follow(connection, { paste, after, tag, pending = [] }) {
    connection.paste = paste;
    connection.following?.abort();
    const following = new AbortController();
    connection.following = following;
    const query = new URLSearchParams();
    if (after !== undefined) query.set("after", `${after}-${tag}`);
    if (pending.length > 0) query.set("pending", pending.join());
    const { signal } = following;
    try {
      if (!(await this.slot.take(signal))) return this.#lost(connection);
      this.#hear(connection);
      const response = await this.fetch(`${address(paste)}/events?${query}`, {
        headers: this.#fields({ Accept: "text/event-stream, application/json;q=0.9" }), cache: "no-store", signal,
      });
      if (response.status !== 200) {
        clearTimeout(connection.watch); // nothing is read until the session asks again
        connection.heardAt = null;
        return this.#deliver(connection, await this.#answerOf(response));
      }
      await this.#read(connection, response.body, following);
      if (connection.following === following) this.#lost(connection);
    } catch {
      if (!signal.aborted) this.#lost(connection);
    }
  }

  async #read(connection, body, following) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (connection.following !== following || this.current !== connection) return;
      this.#hear(connection);
      for (const data of events.take(part.value)) {
        const code = closeCode(data);
        if (code !== null) return this.#lost(connection, code);
        this.#deliver(connection, data);
      }
    }
  }

  /** Something came: until then the stream was alive. */
  #hear(connection) {
    clearTimeout(connection.watch);
    connection.watch = setTimeout(() => this.#lost(connection), SILENCE);
    connection.heardAt = Date.now();
  }

  /** Is it alive? The server says so by itself; timers may have stood still while the device slept. */
  async #probed(connection) {
    const { heardAt } = connection;
    const isAlive = heardAt === null ? await this.probe() : Date.now() - heardAt <= SILENCE;
    if (isAlive) this.#deliver(connection, { type: "pong" });
    else this.#lost(connection);
  }

  // Sending

  /** One at a time: they take effect in the order of asking, and leave the browser's other connections to other tabs. */
  async #flush(connection) {
    if (connection.isSending) return;
    connection.isSending = true;
    try {
      for (let message = connection.queue.shift(); message; message = connection.queue.shift()) {
        const path = message.type === "create" ? "/live" : `${address(connection.paste)}/live`;
        const answer = await this.#ask(this.#post(path, message, within(ANSWER, connection.ending.signal)));
        // An error that only HTTP knows names no request: it is this one's.
        if (answer.type === "error") answer.ref ??= message.ref;
        this.#deliver(connection, answer);
      }
    } catch {
      // It may have arrived or not: the session asks when it is back.
      this.#lost(connection);
    }
    connection.isSending = false;
  }

  #post(path, message, signal) {
    return this.fetch(path, {
      method: "POST",
      headers: this.#fields({ Accept: "application/json", "Content-Type": "application/json" }),
      body: JSON.stringify(message), cache: "no-store", signal,
    });
  }

  async #ask(request) {
    return this.#answerOf(await request);
  }

  /** The message that a response holds. @throws when it holds none: then it is not the server's. */
  async #answerOf(response) {
    return this.common.parse(await response.text());
  }

  #fields(fields) {
    return { ...fields, "Pasted-Client": this.client };
  }

  // What is told

  #deliver(connection, data) {
    if (this.current !== connection) return;
    const message = typeof data === "string" ? this.common.read(data) : data;
    if (message !== null) this.report({ type: "message", message, time: Date.now(), random: Math.random() });
  }

  #lost(connection, code = this.common.lost) {
    if (this.current !== connection) return;
    this.close();
    this.report({ type: "closed", code, random: Math.random() });
  }

  /** Another tab of this browser, which somebody looks at, needs the place of this one. */
  #yield() {
    if (this.current !== null) this.#lost(this.current);
  }
}

function address(paste) {
  return `/${encodeURIComponent(paste)}`;
}

/** A signal that aborts after a time, and with another one. */
function within(milliseconds, other = null) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), milliseconds);
  const end = () => {
    clearTimeout(timer);
    limit.abort();
  };
  other?.addEventListener("abort", end, { signal: limit.signal });
  return limit.signal;
}

/** Waits; rejects when the signal aborts before. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("No longer needed", "AbortError"));
    });
  });
}

/** The code of an event that closes the stream, as a WebSocket's close frame has it; null for any other. */
function closeCode(data) {
  return data.startsWith('{"type":"close"') ? JSON.parse(data).code : null;
}
