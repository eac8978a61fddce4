// The connection without a WebSocket, against a server of promises and streams.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { beforeEach, mock, test } from "node:test";
import { parse } from "../../Public/js/protocol.js";
import { read } from "../../Public/js/socket.js";
import { ANSWER, ASK_AGAIN, SILENCE, Stream } from "../../Public/js/stream.js";

const CLIENT = "00112233445566778899aabbccddeeff";
const WELCOME = { type: "welcome", version: 1, server: "s", limits: { textBytes: 9 }, now: 1 };
const APPEND = { type: "append", seq: 1, tag: "0123456789abcdef", at: 1, ref: 1, item: 1, text: "a\r\nb" };

let stream, heard, requests, slot, clock;

/** One request: what was asked, and the test's means to answer. */
class Request {
  constructor(path, options) {
    Object.assign(this, { path, ...options });
    this.answered = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    options.signal?.addEventListener("abort", () => this.reject(new Error("aborted")));
  }
  answer(message, status = 200) {
    this.resolve(new Response(typeof message === "string" ? message : JSON.stringify(message), { status }));
  }
  /** Answers with a stream, into which the test writes. */
  begin() {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    this.signal.addEventListener("abort", () => writer.abort(new Error("aborted")).catch(() => {}));
    this.resolve(new Response(readable));
    return {
      write: async (text) => {
        writer.write(new TextEncoder().encode(text)).catch(() => {});
        await settle();
      },
      end: async () => {
        writer.close().catch(() => {});
        await settle();
      },
    };
  }
}

const settle = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  [heard, requests, slot] = [[], [], { has: true, left: 0 }];
  stream = new Stream((event) => heard.push(event), CLIENT, { parse, read, lost: 1006 }, {
    fetch: (path, options) => {
      requests.push(new Request(path, options));
      return requests.at(-1).answered;
    },
    slot: { take: async () => slot.has, leave: () => { slot.left += 1; } },
  });
});

const types = () => heard.map(({ type, message }) => message?.type ?? type);

async function open() {
  stream.open();
  requests.shift().answer(WELCOME);
  await settle();
}

async function follow(fields = {}) {
  await open();
  stream.send({ type: "hello", client: CLIENT });
  stream.send({ type: "subscribe", paste: "a b", ...fields });
  await settle();
  return requests.shift();
}

test("it is open when the server has answered, and says how it comes", async () => {
  stream.open();
  await settle();
  assert.deepEqual(heard, []);
  const [request] = requests;
  assert.deepEqual([request.path, request.method, JSON.parse(request.body)], ["/live", "POST", { type: "hello", client: CLIENT }]);
  request.answer(WELCOME);
  await settle();
  assert.deepEqual(types(), ["opened", "welcome"]);
  assert.equal(heard[0].carrier, "http");
});

test("a connection keeps nothing of the messages that it has sent", async (t) => {
  const signals = [];
  const { AbortController } = globalThis;
  t.after(() => Object.assign(globalThis, { AbortController }));
  globalThis.AbortController = class extends AbortController {
    constructor() {
      super();
      signals.push(this.signal);
    }
  };
  (await follow()).begin();
  await settle();
  const listening = () => Math.max(...signals.map((signal) => getEventListeners(signal, "abort").length));
  const before = listening();
  for (let ref = 1; ref <= 9; ref += 1) {
    stream.send({ type: "append", ref, text: "x" });
    await settle();
    requests.shift().answer({ type: "ack", ref, seq: ref });
    await settle();
  }
  mock.timers.tick(ANSWER);
  await settle();
  assert.ok(listening() <= before, `${listening()} listeners, ${before} before`);
});

test("an answer that is not the server's, or none, is a lost connection", async () => {
  for (const answer of ["<html>", "", "{}", "null"]) {
    heard = [];
    stream.open();
    requests.shift().answer(answer);
    await settle();
    assert.deepEqual(heard.map(({ type, code }) => [type, code]), [["closed", 1006]], answer);
  }
  heard = [];
  stream.open();
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(types(), ["closed"]);
});

test("where the first question leads nowhere it is asked again on another connection, and taken back", async () => {
  stream.open();
  mock.timers.tick(ASK_AGAIN - 1);
  await settle();
  assert.equal(requests.length, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(requests.length, 2);
  requests[1].answer(WELCOME);
  await settle();
  assert.deepEqual(types(), ["opened", "welcome"]);
  assert.ok(requests[0].signal.aborted, "the browser lets go of its connection");
  mock.timers.tick(60_000);
  await settle();
  assert.equal(requests.length, 2);
});

test("the client's secret is in a field and never in an address", async () => {
  const request = await follow({ after: 12, tag: "0123456789abcdef", pending: [3, 4] });
  stream.send({ type: "append", ref: 1, text: "x" });
  await settle();
  for (const each of [request, ...requests]) {
    assert.equal(each.headers["Pasted-Client"], CLIENT);
    assert.ok(!each.path.includes(CLIENT));
  }
  assert.equal(request.path, "/a%20b/events?after=12-0123456789abcdef&pending=3%2C4");
});

test("events are messages, wherever they are cut; comments and ids are none", async () => {
  const { write } = (await follow()).begin();
  heard = [];
  const text = `retry: 1\n\n:\n\nid: 1-0123456789abcdef\ndata: ${JSON.stringify(APPEND)}\n\n`;
  await write(text.slice(0, 40));
  await write(text.slice(40));
  assert.deepEqual(heard.map(({ message }) => message), [APPEND]);
});

test("requests go one by one, in their order, each with its answer", async () => {
  const { write } = (await follow()).begin();
  heard = [];
  for (const ref of [1, 2, 3]) stream.send({ type: "append", ref, text: "x" });
  for (const ref of [1, 2, 3]) {
    await settle();
    assert.equal(requests.length, 1, "one at a time");
    const request = requests.shift();
    assert.equal(request.path, "/a%20b/live");
    assert.equal(JSON.parse(request.body).ref, ref);
    if (ref === 2) await write(`data: ${JSON.stringify(APPEND)}\n\n`);
    request.answer({ type: "ack", ref, seq: ref });
  }
  await settle();
  assert.deepEqual(types(), ["ack", "append", "ack", "ack"]);
});

test("a new paste is asked for without one", async () => {
  await open();
  stream.send({ type: "create", ref: 1 });
  assert.equal(requests[0].path, "/live");
});

test("an error without a ref is that of the request, or of the subscription", async () => {
  const error = { type: "error", code: "tooFast", message: "m", retry: "later" };
  const request = await follow();
  heard = [];
  request.answer(error, 429);
  stream.send({ type: "append", ref: 7, text: "x" });
  await settle();
  requests[0].answer(error, 429);
  await settle();
  assert.deepEqual(heard.map(({ message }) => message.ref), [undefined, 7]);
  // Nothing is read, and that is no silence: the session asks again when it may.
  mock.timers.tick(SILENCE * 4);
  await settle();
  assert.equal(heard.length, 2);
});

test("a request without an answer is a lost connection: the session asks what became of it", async () => {
  for (const how of [(request) => request.reject(new Error("reset")), () => mock.timers.tick(ANSWER), (request) => request.answer("502")]) {
    (await follow()).begin();
    heard = [];
    stream.send({ type: "append", ref: 1, text: "x" });
    stream.send({ type: "append", ref: 2, text: "x" });
    await settle();
    // A stream that is heard meanwhile does not hide it.
    how(requests.shift());
    await settle();
    assert.deepEqual(heard.map(({ type, code }) => [type, code]), [["closed", 1006]]);
    assert.equal(requests.length, 0, "what was asked behind it is not sent on this connection");
  }
});

test("the end of the stream is a lost connection, and an event `close` says why", async () => {
  let connection = (await follow()).begin();
  heard = [];
  await connection.end();
  assert.deepEqual(heard.map(({ code }) => code), [1006]);
  connection = (await follow()).begin();
  heard = [];
  await connection.write('data: {"type":"close","code":4500,"reason":"r"}\n\n');
  assert.deepEqual(heard.map(({ type, code }) => [type, code]), [["closed", 4500]]);
  await connection.end();
  assert.equal(heard.length, 1);
});

test("silence is a lost connection, comments are not silence", async () => {
  const { write } = (await follow()).begin();
  heard = [];
  for (let round = 0; round < 5; round += 1) {
    mock.timers.tick(SILENCE - 1);
    await write(":\n\n");
  }
  assert.deepEqual(heard, []);
  mock.timers.tick(SILENCE);
  await settle();
  assert.deepEqual(types(), ["closed"]);
});

test("a ping is answered while the stream is heard, and finds out what a sleep has hidden", async () => {
  (await follow()).begin();
  await settle();
  heard = [];
  stream.send({ type: "ping" });
  await settle();
  assert.deepEqual(types(), ["pong"]);
  heard = [];
  mock.timers.setTime(Date.now() + 3_600_000); // timers stood still
  stream.send({ type: "ping" });
  await settle();
  assert.ok(types().includes("closed"));
});

test("where nothing is followed a ping asks the server", async () => {
  for (const [answer, expected] of [[WELCOME, "pong"], ["502", "closed"]]) {
    await open();
    heard = [];
    stream.send({ type: "ping" });
    await settle();
    requests.shift().answer(answer);
    await settle();
    assert.deepEqual(types(), [expected]);
  }
});

test("without a place among the tabs there is no stream", async () => {
  slot.has = false;
  const request = await follow();
  assert.equal(request, undefined);
  assert.deepEqual(types().at(-1), "closed");
});

test("what was closed is never heard again, and gives its place back", async () => {
  const { write } = (await follow()).begin();
  heard = [];
  stream.send({ type: "append", ref: 1, text: "x" });
  stream.close();
  await write(`data: ${JSON.stringify(APPEND)}\n\n`);
  await settle();
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(heard, []);
  assert.equal(slot.left, 1);
});

test("a second subscription ends the first", async () => {
  const first = await follow();
  const { write } = first.begin();
  stream.send({ type: "subscribe", paste: "a b" });
  await settle();
  const second = requests.shift().begin();
  heard = [];
  await write(`data: ${JSON.stringify(APPEND)}\n\n`);
  assert.deepEqual(heard, []);
  await second.write(`data: ${JSON.stringify(APPEND)}\n\n`);
  assert.deepEqual(types(), ["append"]);
});
