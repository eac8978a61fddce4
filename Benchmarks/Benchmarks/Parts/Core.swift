// A delivery through the whole core: a frame in, the log, the store that forgets, one encoding, every outbox, the bytes
// out. What is left of a delivery is the system's: epoll, send, TLS.

import Benchmark
import Digest
import PasteCore
import PasteModel
import PasteProtocol
import PasteStore
import Synchronization
import WebSocket

func measureCore() {
    for viewers in [1, 100] {
        Benchmark("core: an append of 256 B to \(viewers) device\(viewers == 1 ? "" : "s")") { benchmark in
            let house = House(viewers: viewers)
            var ref: UInt64 = 1
            let text = Text(String(repeating: "x", count: 256))
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                ref += 1
                house.say(.request(ref: ref, .append(text), paste: nil), from: 0)
                house.turn()
            }
            benchmark.stopMeasurement()
            precondition(house.sends >= viewers, "nobody was told anything")
        }
    }
}

/// A core with devices on one paste, driven as a shard does.
private final class House {
    private let core: ShardCore
    private let store = MemoryStore(limits: House.limits, capacityBytes: 1 << 40)
    private let sink = Sink()
    private var output: [UInt8] = []
    private(set) var sends = 0
    private let now: Milliseconds = 1_795_363_200_000

    private static var limits: Limits {
        var limits = Limits()
        (limits.items, limits.pasteBytes) = (10_000_000, 1 << 40)
        return limits
    }

    init(viewers: Int) {
        var settings = CoreSettings(hash: KeyedHash(secret: [1, 2, 3]))
        settings.limits = Self.limits
        settings.appends = Rate(perSecond: 1_000_000, burst: 1_000_000)
        core = ShardCore(
            settings: settings, shard: 0, shards: 1, site: Site(assets: [:]), operatorView: Nothing(),
            random: SystemRandomNumberGenerator(), now: now)
        for slot in 0..<viewers {
            let id = ConnectionID(slot: UInt32(slot), generation: 1)
            core.opened(id, peer: PeerAddress(high: 0, low: UInt64(slot)), isSecure: false, now: now)
            let handshake = ClientHandshake(nonce: (1, UInt64(slot)), subprotocols: ["pasted.v1"])
            feed(handshake.request(host: "localhost", target: "/live"), to: slot)
            turn()
            if slot == 0 { say(.create(ref: 1, key: "benchmark-paste", expiresIn: nil, isPrivate: false), from: 0) }
            turn()
            say(.subscribe(paste: "benchmark-paste", after: nil, pending: []), from: slot)
            turn()
        }
        sends = 0
    }

    func say(_ message: ClientMessage, from slot: Int) {
        var json: [UInt8] = []
        message.encode(into: &json)
        feed(ClientFrame.text(json, maskingKey: 0x1234_5678), to: slot)
    }

    private func feed(_ bytes: [UInt8], to slot: Int) {
        var bytes = bytes
        var span = bytes.mutableSpan
        core.received(ConnectionID(slot: UInt32(slot), generation: 1), &span, now: now)
    }

    /// Everything that is to be done, until nothing is left.
    func turn() {
        repeat {
            let effects = core.endOfTick(now: now)
            if !effects.store.isEmpty {
                store.submit(effects.store, answersTo: sink)
                core.answered(sink.take(), now: now)
            }
            for id in effects.dirty { drain(id) }
        } while core.hasEffects
    }

    private func drain(_ id: ConnectionID) {
        repeat {
            output.removeAll(keepingCapacity: true)
            output.append(addingCapacity: 64 << 10) { core.peek(id, into: &$0, now: now) }
            core.sent(id, output.count, now: now)
            if !output.isEmpty { sends += 1 }
        } while output.count == 64 << 10
    }

    private struct Nothing: OperatorView {
        let metrics = ""
        let trouble: String? = nil
    }

    private final class Sink: StoreSink {
        private let answers = Mutex<[StoreAnswer]>([])

        func deliver(_ new: [StoreAnswer]) { answers.withLock { $0 += new } }

        func take() -> [StoreAnswer] {
            answers.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }
}
