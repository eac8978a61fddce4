// Which connection is chosen, with sockets and streams that do what the test says.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { BLOCKED, Carrier, DOUBT } from "../../Public/js/carrier.js";

class Fake {
  constructor(report) {
    this.report = report;
    this.opens = 0;
    this.sent = [];
  }
  open() {
    this.opens += 1;
    this.isOpen = true;
  }
  close() {
    this.isOpen = false;
  }
  send(message) {
    this.sent.push(message);
  }
  opened() {
    this.report({ type: "opened" });
  }
  closed(code = 1006) {
    this.report({ type: "closed", code, random: 0.5 });
  }
}

let carrier, socket, stream, heard, clock, isThere, probes;

const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  [heard, clock, isThere, probes, stream] = [[], 0, true, 0, { opens: 0 }];
  carrier = new Carrier((event) => heard.push(event), "client", {
    socket: class extends Fake {
      constructor(report) {
        super(report);
        socket = this;
      }
    },
    stream: async () => class extends Fake {
      constructor(report) {
        super(report);
        stream = this;
      }
      async probe() {
        probes += 1;
        return isThere;
      }
    },
    now: () => clock,
  });
});

const pass = async (milliseconds) => {
  clock += milliseconds;
  mock.timers.tick(milliseconds);
  await settle();
};

/** One attempt of the session that the WebSocket fails. */
const fail = async () => {
  carrier.open();
  socket.closed();
  await settle();
};

test("a WebSocket that opens is used, and HTTP is never asked", async () => {
  carrier.open();
  await pass(DOUBT - 1);
  socket.opened();
  await pass(60_000);
  carrier.send({ type: "ping" });
  assert.deepEqual([socket.sent.length, stream.opens, probes], [1, 0, 0]);
  assert.deepEqual(heard.map(({ type }) => type), ["opened"]);
});

test("one failure is no reason to change; two are when HTTP answers and the WebSocket fails once more", async () => {
  await fail();
  assert.deepEqual([stream.opens, probes], [0, 0]);
  assert.deepEqual(heard.map(({ type }) => type), ["closed"]);
  await fail();
  assert.deepEqual([socket.opens, stream.opens, probes], [3, 0, 1], "once more");
  socket.closed();
  await settle();
  assert.equal(stream.opens, 1);
  stream.opened();
  assert.deepEqual(heard.map(({ type }) => type), ["closed", "opened"]);
  carrier.send({ type: "append" });
  assert.equal(stream.sent.length, 1);
});

test("a server that just came back is followed by WebSocket", async () => {
  await fail();
  await fail();
  socket.opened();
  assert.equal(stream.opens, 0);
  assert.deepEqual(heard.map(({ type }) => type), ["closed", "opened"]);
});

test("while nothing answers nothing changes, however often it fails", async () => {
  isThere = false;
  for (let round = 0; round < 10; round += 1) await fail();
  assert.equal(stream.opens, 0);
  assert.equal(heard.length, 10);
});

test("a WebSocket that neither opens nor fails is given up when HTTP answers meanwhile", async () => {
  carrier.open();
  await pass(DOUBT - 1);
  assert.equal(probes, 0);
  await pass(1);
  assert.deepEqual([probes, stream.opens, socket.isOpen], [1, 1, false]);
  socket.opened();
  assert.deepEqual(heard, [], "too late");
});

test("a WebSocket that neither opens nor fails is waited for while HTTP does not answer either", async () => {
  isThere = false;
  carrier.open();
  await pass(DOUBT * 3);
  assert.equal(stream.opens, 0);
  socket.opened();
  assert.deepEqual(heard.map(({ type }) => type), ["opened"]);
});

test("a WebSocket that opens while HTTP is asked stays", async () => {
  carrier.open();
  mock.timers.tick(DOUBT);
  socket.opened();
  await settle();
  assert.deepEqual([stream.opens, heard.length], [0, 1]);
});

test("what the session gave up says nothing more", async () => {
  await fail();
  carrier.open();
  socket.closed();
  carrier.close();
  await settle();
  assert.deepEqual([stream.opens, socket.opens, heard.length], [0, 2, 1]);
});

const block = async () => {
  await fail();
  await fail();
  socket.closed();
  await settle();
  stream.opened();
  heard = [];
};

test("while WebSockets are blocked a lost stream is opened anew, later a WebSocket is tried first", async () => {
  await block();
  const { opens } = socket;
  stream.closed();
  clock += BLOCKED - 1;
  carrier.open();
  assert.deepEqual([socket.opens, stream.opens], [opens, 2]);
  clock += 1;
  carrier.open();
  assert.deepEqual([socket.opens, stream.opens], [opens + 1, 2]);
});

test("a stream that does not open either proves nothing", async () => {
  await fail();
  await fail();
  socket.closed();
  await settle();
  const { opens } = socket;
  stream.closed();
  carrier.open();
  assert.deepEqual([socket.opens, stream.opens], [opens + 1, 1]);
});

test("on another network a WebSocket is tried first", async () => {
  await block();
  carrier.forgive();
  carrier.open();
  assert.equal(stream.opens, 1);
  socket.opened();
  assert.deepEqual(heard.map(({ type }) => type), ["opened"]);
});

test("a WebSocket that was open and is lost is no failure to open", async () => {
  for (let round = 0; round < 5; round += 1) {
    carrier.open();
    socket.opened();
    socket.closed(1001);
    await settle();
  }
  assert.deepEqual([probes, stream.opens], [0, 0]);
  assert.equal(heard.filter(({ type, code }) => type === "closed" && code === 1001).length, 5);
});
