// The client's end of a WebSocket in real bytes (RFC 6455): what a browser does below the page.

const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

export const HANDSHAKE = Buffer.from(
  "GET /live HTTP/1.1\r\nHost: pasted.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
  + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Protocol: pasted.v1\r\n\r\n`);

export const TEXT = 1;
export const CLOSE = 8;
export const PONG = 10;

/** One masked frame. */
export function frame(opcode, payload, mask) {
  const long = payload.length > 0xffff ? 8 : payload.length > 125 ? 2 : 0;
  const bytes = Buffer.alloc(2 + long + 4 + payload.length);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 0x80 | (long === 8 ? 127 : long === 2 ? 126 : payload.length);
  if (long === 2) bytes.writeUInt16BE(payload.length, 2);
  if (long === 8) bytes.writeBigUInt64BE(BigInt(payload.length), 2);
  bytes.writeUInt32BE(mask >>> 0, 2 + long);
  const start = 6 + long;
  for (let at = 0; at < payload.length; at += 1) bytes[start + at] = payload[at] ^ bytes[2 + long + (at & 3)];
  return bytes;
}

/** What comes from the server, in any pieces. */
export class Reader {
  constructor() {
    this.bytes = Buffer.alloc(0);
    this.isOpen = false;
    this.parts = [];
  }

  /** Takes bytes; returns what is whole: {kind: "open"}, "text", "ping", "close". */
  take(bytes) {
    this.bytes = this.bytes.length === 0 ? bytes : Buffer.concat([this.bytes, bytes]);
    const found = [];
    if (!this.isOpen) {
      const end = this.bytes.indexOf("\r\n\r\n");
      if (end === -1) return found;
      const head = this.bytes.toString("latin1", 0, end);
      if (!/^HTTP\/1\.1 101 /.test(head)) throw new Error(`no WebSocket: ${head}`);
      this.isOpen = true;
      this.bytes = this.bytes.subarray(end + 4);
      found.push({ kind: "open" });
    }
    for (let next = this.#frame(); next; next = this.#frame()) {
      if (next.opcode >= 8) {
        if (next.opcode === 9) found.push({ kind: "ping", payload: next.payload });
        else if (next.opcode === CLOSE) found.push({ kind: "close", code: next.payload.length >= 2 ? next.payload.readUInt16BE(0) : 1005 });
      } else {
        this.parts.push(next.payload);
        if (next.isLast) found.push({ kind: "text", text: Buffer.concat(this.parts.splice(0)).toString() });
      }
    }
    return found;
  }

  #frame() {
    const { bytes } = this;
    if (bytes.length < 2) return null;
    if (bytes[0] & 0x70 || bytes[1] & 0x80) throw new Error("the server's frame breaks RFC 6455");
    const short = bytes[1];
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < start) return null;
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < start + length) return null;
    this.bytes = bytes.subarray(start + length);
    return { opcode: bytes[0] & 15, isLast: (bytes[0] & 0x80) !== 0, payload: bytes.subarray(start, start + length) };
  }
}
