import Digest
import Logging
import PasteCore
import PasteModel
import PasteStore
import TLS
import Testing

@testable import PasteServer

/// One paste with many viewers on several threads, by sockets and a client that is not ours.
@Suite(.serialized) struct FollowServerTests {
    @Test(
        "viewers on two shards, moved and coming home while they write, stall, leave and come anew, see one log",
        arguments: [false, true])
    func crowd(isSecure: Bool) async throws {
        var core = CoreSettings(hash: KeyedHash(secret: Array(repeating: 7, count: 32)))
        core.viewersPerShard = 20
        core.restMilliseconds = 200
        core.spreadPauseMilliseconds = 100
        core.followWindowBytes = 4_096
        core.outboxHighWaterBytes = 16 << 10
        core.followedBytes = 32 << 10
        core.visitors = .unlimited
        let server = try Server(
            ServerConfiguration(
                listen: [ListenAddress(host: "127.0.0.1", port: 0)],
                operatorListen: ListenAddress(host: "127.0.0.1", port: 0),
                tls: isSecure ? ownCertificates() : nil, shards: 2, core: core, site: Site(assets: [:]),
                store: MemoryStore(limits: Limits()), gracePeriod: .seconds(60),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        try server.start()
        let output = try await python(
            Self.client, ["\(server.addresses[0].port)", "\(server.operatorAddresses[0].port)", "\(isSecure)"])
        #expect(output == "good\n")
        await server.stop()
    }

    /// 100 viewers; each checks the events that it is shown, and all compare what they have in the end.
    private static let client = """
        import asyncio, base64, json, os, random, ssl, struct, sys, urllib.request
        port, operator, secure = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "true"
        context = ssl.create_default_context() if secure else None
        if secure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        rng = random.Random(5)
        count, total = 100, 300

        def metric(name):
            with urllib.request.urlopen(f"http://127.0.0.1:{operator}/metrics", timeout=30) as r: text = r.read().decode()
            return sum(int(l.split()[1]) for l in text.splitlines() if l.startswith(f"pasted_{name} "))

        class Device:
            def __init__(self): self.secret, self.log, self.ref, self.asked, self.ended, self.place = os.urandom(16).hex(), [], 0, set(), None, None

            async def connect(self):
                self.follows = False
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=1 << 20)
                self.writer.write(b"GET /live HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
                    b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\\r\\n\\r\\n")
                await self.reader.readuntil(b"\\r\\n\\r\\n")
                self.stalled = asyncio.Event(); self.stalled.set()
                self.say({"type": "hello", "client": self.secret})

            def say(self, message):
                data, key = json.dumps(message).encode(), os.urandom(4)
                head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else struct.pack(">BBH", 0x81, 0xFE, len(data))
                self.writer.write(head + key + bytes(b ^ key[i % 4] for i, b in enumerate(data)))

            async def hear(self):
                while True:
                    await self.stalled.wait()
                    first, size = await self.reader.readexactly(2)
                    if size == 126: size, = struct.unpack(">H", await self.reader.readexactly(2))
                    elif size == 127: size, = struct.unpack(">Q", await self.reader.readexactly(8))
                    data = await self.reader.readexactly(size)
                    if first & 15 == 1: return json.loads(data)
                    if first & 15 == 8: return {"type": "close", "code": struct.unpack(">H", data[:2])[0]}

            def append(self, text):
                self.ref += 1
                self.asked.add(self.ref)
                # What is not sent now is sent when the device is level again.
                if self.follows: self.say({"type": "append", "ref": self.ref, "text": text})

            async def follow(self):
                subscribe = {"type": "subscribe", "paste": paste}
                if self.place: subscribe |= {"after": self.place[0], "tag": self.place[1], "pending": sorted(self.asked)}
                self.say(subscribe)
                self.follows = True
                while self.ended is None:
                    m = await self.hear()
                    if m["type"] == "snapshot":
                        assert m["seq"] == 0 and not self.place, m
                        self.you, self.place = m["you"], (0, m["tag"])
                        ready.add(self)
                    elif m["type"] == "resumed":
                        self.asked -= {a["ref"] for a in m["acked"]}
                        for ref in sorted(self.asked): self.say({"type": "append", "ref": ref, "text": "again"})
                    elif m["type"] == "append":
                        assert m["seq"] == len(self.log) + 1, (m["seq"], len(self.log))
                        self.log.append(m)
                        self.place = m["seq"], m["tag"]
                        if m["by"] == self.you: self.asked.discard(m["ref"])
                    elif m["type"] == "ack": self.asked.discard(m["ref"])
                    elif m["type"] == "expired": self.ended = m["reason"]
                    elif m["type"] == "close": return m["code"]
                    else: assert m["type"] in ("welcome", "devices", "created"), m

            async def live(self):
                while self.ended is None:
                    try:
                        await self.connect()
                        code = await self.follow()
                        assert code in (None, 4000), code
                    except (asyncio.IncompleteReadError, ConnectionError): pass

        async def main():
            global paste, ready
            ready = set()
            maker = Device()
            await maker.connect()
            maker.say({"type": "create", "ref": 1})
            while (m := await maker.hear())["type"] != "created": pass
            maker.writer.close()
            paste, maker.ref = m["paste"], 1
            devices = [maker] + [Device() for _ in range(count - 1)]
            lives = [asyncio.ensure_future(d.live()) for d in devices]
            def check():
                for life in lives:
                    if life.done() and life.exception(): raise life.exception()
            while len(ready) < count: check(); await asyncio.sleep(0.01)
            loop = asyncio.get_running_loop()
            while await loop.run_in_executor(None, metric, "viewers_moved_total") < 40: check(); await asyncio.sleep(0.05)
            assert await loop.run_in_executor(None, metric, "pastes_followed") == 1
            asked = 0
            while asked < total:
                for _ in range(rng.randrange(1, 6)):
                    d = devices[0] if rng.random() < 0.8 else rng.choice(devices)
                    if len(d.asked) < 20: d.append("x" * rng.choice((5, 200, 2000))); asked += 1
                d = rng.choice(devices)
                chance = rng.random()
                if chance < 0.1: d.writer.transport.abort()
                elif chance < 0.25 and d.stalled.is_set():
                    d.stalled.clear()
                    loop.call_later(rng.random(), d.stalled.set)
                check()
                await asyncio.sleep(0.005)
            while any(d.asked for d in devices) or len({len(d.log) for d in devices}) > 1: check(); await asyncio.sleep(0.05)
            assert all(d.log == maker.log for d in devices) and len(maker.log) == asked
            assert len({(m["by"], m["ref"]) for m in maker.log}) == asked
            assert await loop.run_in_executor(None, metric, "viewers_returned_total") > 20
            assert await loop.run_in_executor(None, metric, "viewers") == count
            maker.say({"type": "delete", "ref": 10 ** 6})
            await asyncio.gather(*lives)
            assert all(d.ended == "deleted" for d in devices)
            for d in devices: d.writer.close()
            while await loop.run_in_executor(None, metric, "pastes_followed") > 0: await asyncio.sleep(0.01)
            print("good")
        asyncio.run(asyncio.wait_for(main(), 200))
        """
}
