// The real service core in a process of its own (Tests/SimulatedServer), as a function: orders in, news out.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
/** Where the build leaves the program. */
export const PROGRAM = process.env.SIMULATED_SERVER ?? join(ROOT, ".build/debug/SimulatedServer");
export const isBuilt = () => existsSync(PROGRAM);

/** What becomes of a request to the disk. */
export const FATE = { done: 0, refused: 1, lost: 2, doneUnheard: 3 };

/** Collects the orders of one tick. */
export class Orders {
  constructor() {
    this.bytes = Buffer.allocUnsafe(1 << 16);
    this.clear();
  }

  clear() {
    this.length = 12; // the frame's length and the time come first
  }

  get isEmpty() {
    return this.length === 12;
  }

  #room(count) {
    if (this.length + count <= this.bytes.length) return;
    this.bytes = Buffer.concat([this.bytes, Buffer.allocUnsafe(this.bytes.length + count)]);
  }

  add(letter, ...numbers) {
    this.#room(1 + 4 * numbers.length);
    this.length = this.bytes.writeUInt8(letter.charCodeAt(0), this.length);
    for (const number of numbers) this.length = this.bytes.writeUInt32BE(number, this.length);
  }

  addByte(value) {
    this.#room(1);
    this.length = this.bytes.writeUInt8(value, this.length);
  }

  addText(text) {
    this.#room(4 + text.length);
    this.length = this.bytes.writeUInt32BE(text.length, this.length);
    this.length += text.copy(this.bytes, this.length);
  }

  frame(now) {
    this.bytes.writeUInt32BE(this.length - 4, 0);
    this.bytes.writeBigUInt64BE(BigInt(now), 4);
    return this.bytes.subarray(0, this.length);
  }
}

/** Named pipes, so that an answer can be waited for: nothing else of a simulated world happens meanwhile. */
export class ServerProcess {
  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "joint-"));
    const names = [join(folder, "orders"), join(folder, "news")];
    if (spawnSync("mkfifo", names).status !== 0) throw new Error("mkfifo failed");
    // Opened both ways first, because the one end waits for the other; the child gets its own end alone.
    const ends = [...names.map((name) => openSync(name, "r+")), openSync(names[0], "r"), openSync(names[1], "w")];
    const [, , theirInput, theirOutput] = ends;
    this.output = openSync(names[0], "w");
    this.input = openSync(names[1], "r");
    this.child = spawn(PROGRAM, [], { stdio: [theirInput, theirOutput, "inherit"] });
    this.child.unref();
    // With our copies of their ends gone, the end of the one shows at the other.
    for (const end of ends) closeSync(end);
    rmSync(folder, { recursive: true });
    this.buffer = Buffer.allocUnsafe(1 << 20);
  }

  /** Sends the orders of one tick; returns the news, in order. */
  call(orders, now) {
    const frame = orders.frame(now);
    for (let sent = 0; sent < frame.length;) sent += writeSync(this.output, frame, sent);
    orders.clear();
    let filled = 0;
    let length = Infinity;
    while (filled < length) {
      const count = readSync(this.input, this.buffer, filled, this.buffer.length - filled, null);
      if (count === 0) throw new Error("the simulated server has ended");
      filled += count;
      if (length === Infinity && filled >= 4) {
        length = 4 + this.buffer.readUInt32BE(0);
        if (length > this.buffer.length) this.buffer = Buffer.concat([this.buffer, Buffer.allocUnsafe(length)]);
      }
    }
    return [...read(this.buffer.subarray(4, length))];
  }

  end() {
    closeSync(this.output);
    closeSync(this.input);
  }
}

function* read(bytes) {
  let at = 0;
  const number = () => (at += 4, bytes.readUInt32BE(at - 4));
  const long = () => (at += 8, Number(bytes.readBigUInt64BE(at - 8)));
  const tag = () => (at += 8, bytes.toString("hex", at - 8, at));
  const text = () => {
    const length = number();
    return Buffer.from(bytes.subarray(at, (at += length)));
  };
  while (at < bytes.length) {
    const kind = String.fromCharCode(bytes[at++]);
    switch (kind) {
      case "B": yield { kind: "sent", slot: number(), generation: number(), bytes: text() }; break;
      case "C": yield { kind: "closed", slot: number(), generation: number() }; break;
      case "N": yield { kind: "made", paste: number(), tag: tag() }; break;
      case "E": yield { kind: "stored", paste: number(), seq: long(), tag: tag(), gone: text().toString() }; break;
      case "R": yield { kind: "removed", paste: number(), gone: text().toString() }; break;
      case "Z": yield { kind: "rolledBack", paste: number(), seq: long(), tag: tag(), gone: text().toString() }; break;
      case "S": yield { kind: "status", queued: number(), held: number(), deadline: long() }; break;
      case "P": {
        if (number() === 0) {
          yield { kind: "dump", state: null };
          break;
        }
        const state = { seq: long(), tag: tag(), padSeq: long(), pad: text().toString(), items: new Map() };
        for (let left = number(); left > 0; left -= 1) state.items.set(long(), { textSeq: long(), text: text().toString() });
        yield { kind: "dump", state };
        break;
      }
      default: throw new Error(`no such news: ${kind}`);
    }
  }
}
