import PasteModel
import PasteProtocol

@testable import PasteCore

/// Somebody who follows a paste by its event stream, and by nothing else: the id of the last event that had one is all
/// that is said when the connection was lost. What is shown is held against the same laws as what devices are shown.
final class Onlooker {
    private let name: Int
    private let world: World
    /// Of its own: what onlookers do changes nobody else's chances.
    private let dice: Dice
    private let secret: ClientSecret
    private var file: File?
    private var link: Link?
    private var parser = StreamParser()
    private var cursor: Cursor?
    private var askedFrom: Cursor?
    /// Whether it was level on this connection: a snapshot that comes unasked then is of the same history.
    private var wasLevel = false
    private var isHarmed = false
    private var heardAt: Milliseconds = 0
    /// Counted, so that a run that proves nothing is noticed.
    private(set) var eventsShown = 0
    private(set) var resumptions = 0

    init(name: Int, world: World) {
        self.name = name
        self.world = world
        dice = Dice(seed: world.seed &* 31 &+ UInt64(name))
        secret = ClientSecret(high: dice.next(), low: dice.next())
    }

    /// Whether there is nothing left to wait for.
    var isAtRest: Bool {
        guard let file, !file.isOver else { return true }
        return link != nil && file.isLevel()
    }

    var brief: String { "onlooker \(name) at \(file?.known?.cursor.seq ?? 0), connected \(link != nil)" }

    func live() {
        think()
        world.agenda.plan(after: dice.milliseconds(world.isHealed ? 50...300 : 20...400)) { [self] in live() }
    }

    func heal() {
        link?.readsFrom = world.agenda.now
        link?.slowness = .none
    }

    func expectTruth() {
        if let file, !file.isOver, file.known != nil { file.expectTruth("at the end") }
    }

    private func think() {
        guard let link else { return connect() }
        guard heardAt + 65_000 >= world.agenda.now else { return hangUp() }
        guard !world.isHealed, world.plan.cutsConnections, dice.chance(120) else { return }
        isHarmed = true
        switch dice.within(0...4) {
        case 0: hangUp()
        case 1: connect()  // the one before is replaced
        case 2: link.readsFrom = world.agenda.now + dice.milliseconds(1_000...100_000)
        case 3: link.cut(serverLearnsAfter: 200_000, clientLearnsAfter: dice.milliseconds(0...2_000))
        default:
            link.cut(serverLearnsAfter: dice.milliseconds(0...300), clientLearnsAfter: dice.milliseconds(0...300))
        }
    }

    private func connect() {
        if file?.isOver != false {
            guard !world.isHealed, let key = dice.pick(from: world.keys) else { return }
            let (id, author) = world.identify(key, secret)
            file = File(key: key, id: id, author: author, ledger: world.ledger)
            cursor = nil
        }
        let slowness: Link.Slowness =
            !world.isHealed && dice.chance(150) ? .trickle(bytes: 200, every: dice.milliseconds(50...500)) : .none
        guard let file, let link = world.makeLink(slowness), let shard = dice.pick(from: world.shards) else { return }
        shard.accept(link)
        self.link = link
        parser = StreamParser()
        file.forgetPart()
        askedFrom = cursor
        wasLevel = false
        isHarmed = false
        heardAt = world.agenda.now
        link.onClientBytes = { [unowned self, unowned link] bytes in if self.link === link { hear(bytes) } }
        link.onClientEnd = { [unowned self, unowned link] in if self.link === link { self.link = nil } }
        var digits: [UInt8] = []
        ClientMessage.hello(client: secret).encode(into: &digits)
        let client = String(decoding: digits, as: UTF8.self).split(separator: "\"").last { $0.count == 32 } ?? ""
        let from = cursor.map { dice.chance(500) ? "?after=\($0.eventID)" : "\r\nLast-Event-ID: \($0.eventID)" } ?? ""
        let parts = from.split(separator: "\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let request = """
            GET /\(file.key)/events\(parts.first ?? "") HTTP/1.\(dice.within(0...1))\r
            Host: pasted.test\r
            Pasted-Client: \(client)\r
            \(parts.count > 1 ? "\(parts[1])\r\n" : "")\r\n
            """
        world.note("onlooker \(name) asks for what follows \(cursor?.seq ?? 0)")
        link.clientSends(Array(request.utf8))
    }

    private func hangUp() {
        link?.clientEnds()
        link = nil
    }

    // MARK: Hearing

    private func hear(_ bytes: [UInt8]) {
        heardAt = world.agenda.now
        let events = parser.take(bytes)
        guard let file, !parser.head.isEmpty else { return }
        guard parser.status.hasPrefix("HTTP/1.1 200 ") else { return refused(file) }
        for event in events where link != nil {
            guard let message = try? ServerMessage(json: Array(event.data.utf8).span) else {
                closed(event.data)
                continue
            }
            world.note("onlooker \(name) <- \(message.brief)")
            take(message, file)
            guard let known = file.cursor, message.isPlace, !file.isOver else { continue }
            world.ledger.expect(event.id == known.eventID, "law 3: an id names another place than the event led to")
            cursor = known
        }
    }

    private func take(_ message: ServerMessage, _ file: File) {
        let ledger = world.ledger
        switch message {
        case .snapshot(let snapshot):
            ledger.shown(snapshot.cursor, of: file.id, as: "a snapshot of a stream")
            file.take(snapshot, askedFrom: askedFrom, mayInterrupt: false, goesOn: wasLevel)
            askedFrom = nil
            wasLevel = true
        case .items(let items, let more):
            file.take(items: items, more: more, mayBeEarlier: false)
        case .resumed(let resumed):
            file.take(resumed)
            resumptions += 1
            askedFrom = nil
            wasLevel = true
        case .event(let event):
            ledger.shown(event, of: file.id)
            eventsShown += 1
            file.take(event)
        case .expired(_, let reason):
            ledger.ended(file.id, reason, now: world.agenda.now)
            file.end()
        case .devices:
            break
        default:
            ledger.violation("a stream said \(message.brief)")
        }
    }

    private func refused(_ file: File) {
        switch parser.status.split(separator: " ").dropFirst().first {
        case "404":
            world.ledger.noSuchPaste(file.id, now: world.agenda.now)
            file.end()
        case "503": break
        default: world.ledger.violation("a stream was refused: \(parser.status)")
        }
        hangUp()
    }

    private func closed(_ data: String) {
        let code = data.hasPrefix(#"{"type":"close","code":"#) ? Int(data.dropFirst(23).prefix(4)) : nil
        world.note("onlooker \(name) <- \(data)")
        switch code {
        case 1001, 4000: break
        case 4001: world.ledger.expect(isHarmed, "law 6: onlooker \(name) was dropped")
        default: world.ledger.violation("a stream said \(data)")
        }
        hangUp()
    }
}

extension ServerMessage {
    /// Whether a reader stands somewhere else with it, or is told where it stands.
    fileprivate var isPlace: Bool {
        switch self {
        case .snapshot(let snapshot): !snapshot.more
        case .items(_, let more): !more
        case .event, .resumed: true
        default: false
        }
    }
}
