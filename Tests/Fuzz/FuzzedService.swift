import Digest
import PasteCore
import PasteModel
import PasteStore
import Synchronization
import WebSocket

/// One shard with a store in memory and one peer.
struct FuzzedService {
    private let core: ShardCore
    private let store = MemoryStore()
    private let answers = Answers()
    /// What was sent to the peer.
    private(set) var heard: [UInt8] = []
    private var id = ConnectionID(slot: 0, generation: 0)
    private var now: Milliseconds = 1_000_000

    private struct View: OperatorView {
        var metrics: String { "" }
        var trouble: String? { nil }
    }

    private struct Zeros: RandomNumberGenerator {
        mutating func next() -> UInt64 { 0 }
    }

    private final class Answers: StoreSink {
        private let answers = Mutex<[StoreAnswer]>([])

        func deliver(_ new: [StoreAnswer]) { answers.withLock { $0 += new } }

        func take() -> [StoreAnswer] {
            answers.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }

    init() {
        core = ShardCore(
            settings: CoreSettings(hash: KeyedHash(secret: [1])), shard: 0, shards: 1, site: Site(assets: [:]),
            operatorView: View(), random: Zeros(), now: now)
        reconnect(upgraded: true)
    }

    mutating func reconnect(upgraded: Bool) {
        core.closed(id, now: now)
        id = ConnectionID(slot: 0, generation: id.generation &+ 1)
        core.opened(id, peer: PeerAddress(high: 0, low: 1), isSecure: false, now: now)
        if upgraded {
            let head = """
                GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n
                """
            receive(Array(head.utf8), asFrame: false)
        }
    }

    /// A service with one paste that has two items, and a peer that speaks HTTP.
    static func withPaste() -> FuzzedService {
        var service = FuzzedService()
        for message in [
            #"{"type":"create","ref":1,"key":"our-own-paste"}"#,
            #"{"type":"append","ref":1,"text":"one","paste":"our-own-paste"}"#,
            #"{"type":"append","ref":2,"text":"two","paste":"our-own-paste"}"#,
        ] {
            service.receive(Array(message.utf8), asFrame: true)
        }
        service.reconnect(upgraded: false)
        service.heard = []
        return service
    }

    mutating func wait(_ duration: Milliseconds) {
        now += duration
        core.timer(now: now)
        settle()
    }

    mutating func receive(_ bytes: [UInt8], asFrame: Bool) {
        var bytes = asFrame ? ClientFrame.text(bytes, maskingKey: 0) : bytes
        var span = bytes.mutableSpan
        core.received(id, &span, now: now)
        settle()
    }

    /// Ticks until nothing is left to do; the peer reads everything.
    private mutating func settle() {
        for _ in 0..<64 {
            let effects = core.endOfTick(now: now)
            store.submit(effects.store, answersTo: answers)
            var sent = 0
            repeat {
                var output: [UInt8] = []
                output.append(addingCapacity: 65_536) { core.peek(id, into: &$0, now: now) }
                core.sent(id, output.count, now: now)
                heard += output
                sent = output.count
            } while sent > 0
            for closed in effects.closing + effects.aborting {
                core.closed(closed, now: now)
            }
            core.answered(answers.take(), now: now)
            if !core.hasEffects { return }
        }
    }
}
