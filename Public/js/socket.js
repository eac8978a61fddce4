// The WebSocket, as thin as can be: what it says is handed on, and an old socket is never heard again.

import { LOST } from "./link.js";
import { parse, SUBPROTOCOL } from "./protocol.js";

export class Socket {
  /** @param {(event: object) => void} report takes `opened`, `closed` and `message` events */
  constructor(report) {
    this.report = report;
    this.socket = null;
  }

  open() {
    this.close();
    const address = new URL("/live", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    let socket;
    try {
      socket = new WebSocket(address, SUBPROTOCOL);
    } catch {
      // This browser has none, or may not.
      return void queueMicrotask(() => this.report({ type: "closed", code: LOST, random: Math.random() }));
    }
    this.socket = socket;
    const ifCurrent = (handler) => (event) => {
      if (this.socket === socket) handler(event);
    };
    socket.addEventListener("open", ifCurrent(() => this.report({ type: "opened" })));
    socket.addEventListener("message", ifCurrent(({ data }) => this.#received(data)));
    socket.addEventListener("close", ifCurrent(({ code }) => {
      this.socket = null;
      this.report({ type: "closed", code, random: Math.random() });
    }));
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Lets go of the socket; nothing more is reported of it. */
  close() {
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  #received(data) {
    const message = read(data);
    if (message !== null) this.report({ type: "message", message, time: Date.now(), random: Math.random() });
  }
}

/** A message of the server; of what a newer one says only its place in the log matters: a missing event shows as a gap. */
export function read(data) {
  try {
    return parse(data);
  } catch ({ code, seq, message }) {
    if (seq !== undefined) return { type: code, seq };
    console.info(message);
    return null;
  }
}
