import PasteCore
import PasteModel
import PasteProtocol

/// A device of a person or a script, as PROTOCOL.md tells how to write one: an outbox of requests that are sent
/// again unaltered until they are answered, and a cursor to resume from.
final class Device {
    /// How it works.
    enum Manner {
        /// A page: follows one paste and shows it.
        case viewer
        /// Appends without following.
        case script
    }

    let name: Int
    let manner: Manner
    let secret: ClientSecret
    let slowness: Link.Slowness
    /// Whether it hardly ever wants anything.
    var isQuiet = false
    var files: [File] = []
    var call: Call?
    /// What it shows.
    var current: File?
    /// A paste that it wants made.
    var creation: (ref: UInt64, message: ClientMessage, from: Milliseconds, isSent: Bool)?

    let world: World
    var lettersTyped = 0
    private(set) var nextRefToTake: UInt64 = 1

    init(name: Int, manner: Manner, slowness: Link.Slowness, world: World) {
        self.name = name
        self.manner = manner
        self.slowness = slowness
        self.world = world
        secret = ClientSecret(high: world.dice.next(), low: world.dice.next())
    }

    var dice: Dice { world.dice }
    var now: Milliseconds { world.agenda.now }

    func takeRef() -> UInt64 {
        defer { nextRefToTake += 1 }
        return nextRefToTake
    }

    /// Whether there is nothing left to wait for.
    var isAtRest: Bool {
        guard creation == nil, files.allSatisfy({ $0.isOver || $0.isDone }) else { return false }
        guard manner == .viewer, let current, !current.isOver else { return true }
        return call?.isLevel == true && call?.following === current && current.isLevel()
    }

    func file(_ key: String) -> File {
        if let file = files.first(where: { $0.key == key }) { return file }
        let (id, author) = world.identify(key, secret)
        let file = File(key: key, id: id, author: author, ledger: world.ledger)
        files.append(file)
        return file
    }

    // MARK: Living

    /// Thinks, then thinks again.
    func live() {
        think()
        world.agenda.plan(after: dice.milliseconds(world.isHealed ? 50...300 : 1...160)) { [self] in live() }
    }

    private func think() {
        if manner == .viewer, !isQuiet, !world.isHealed, dice.chance(world.plan.typing) { type() }
        guard let call else { return connect() }
        if call.heardAt + 65_000 < now {
            // Half open: the server's pings and answers stopped long ago.
            hangUp()
            return
        }
        if !world.isHealed {
            act(call)
        } else if manner == .viewer, current?.isOver != false || (call.isLevel && current?.isDone == true) {
            // What waits for other pastes is brought there.
            let unfinished = files.first { !$0.isOver && !$0.isDone }
            if let unfinished, unfinished !== current {
                current = unfinished
                call.isLevel = false
                call.mustSubscribe = true
            }
        }
        pump()
    }

    func connect() {
        guard let link = world.connect(self) else { return }
        let call = Call(link: link, wire: ClientWire(dice: dice, offersDeflate: dice.next() & 1 == 0), now: now)
        self.call = call
        world.note("device \(name) connects by link \(link.number)")
        forgetSent()
        link.onClientBytes = { [unowned self, call] bytes in hear(bytes, on: call) }
        link.onClientEnd = { [unowned self, call] in lost(call) }
        link.clientSends(call.wire.request)
    }

    func forgetSent() {
        for file in files {
            for index in file.outbox.indices {
                file.outbox[index].isSent = false
                file.outbox[index].isHeld = false
                file.outbox[index].receipt = nil
            }
        }
        creation?.isSent = false
    }

    /// The page is closed, or the device's own timeout ended the connection.
    func hangUp() {
        guard let call else { return }
        if dice.chance(500), let frame = call.wire.close() {
            call.link.clientSends(frame)
        }
        call.link.clientEnds()
        lost(call)
    }

    private func lost(_ call: Call) {
        guard self.call === call else { return }
        world.note("device \(name) lost link \(call.link.number)")
        self.call = nil
        forgetSent()
    }

    func send(_ message: ClientMessage, on call: Call) {
        world.note("device \(name) -> \(message.brief)")
        call.link.clientSends(call.wire.frame(message))
    }

    func subscribe(_ file: File, on call: Call) {
        current = file
        // Events have no paste's name in them: on a connection that followed another paste only a snapshot says
        // where the new one begins.
        if let earlier = call.following, earlier !== file {
            call.earlier = earlier
        }
        call.following = file
        file.forgetPart()
        call.mustSubscribe = false
        call.subscriptions += 1
        call.isLevel = false
        var cursor = call.earlier == nil ? file.cursor : nil
        // At times a device has lost what it knew, or remembers somebody else's tag. The latter at its first
        // `subscribe` only: what is still under way from an earlier one is about the cursor of that.
        if dice.chance(50) || (file.needsSnapshot && call.leveled === file) { cursor = nil }
        file.needsSnapshot = false
        if dice.chance(20), call.subscriptions == 1, let known = cursor {
            cursor = Cursor(seq: known.seq, tag: known.tag ^ 1)
        }
        call.askedFrom = cursor
        send(.subscribe(paste: file.key, after: cursor, pending: file.pending), on: call)
    }

    // MARK: Sending what waits

    /// Sends what may be sent.
    func pump() {
        guard let call, call.isOpen else { return }
        if let creation, !creation.isSent, creation.from <= now {
            self.creation?.isSent = true
            send(creation.message, on: call)
        }
        guard manner == .viewer else {
            for file in files where !file.isOver {
                pump(file, on: call, paste: file.key)
            }
            return
        }
        guard let current, !current.isOver else { return }
        if call.isLevel, current.needsSnapshot { call.mustSubscribe = true }
        if call.following !== current || call.mustSubscribe {
            subscribe(current, on: call)
        } else if call.isLevel {
            if mayAsk(of: current) { current.collectEdits(takeRef) }
            pump(current, on: call, paste: nil)
        }
    }

    private func pump(_ file: File, on call: Call, paste: String?) {
        let most = dice.chance(30) ? 64 : min(8, world.plan.settings.requestsInFlight)
        var inFlight = file.outbox.count { $0.isSent }
        for index in file.outbox.indices where inFlight < most {
            let wish = file.outbox[index]
            guard !wish.isSent, !wish.isHeld, wish.from <= now else { continue }
            inFlight += 1
            file.outbox[index].isSent = true
            send(wish.message.to(paste), on: call)
        }
    }

    // MARK: Hearing

    private func hear(_ bytes: [UInt8], on call: Call) {
        call.heardAt = now
        for heard in call.wire.hear(bytes, reply: call.link.clientSends) {
            switch heard {
            case .opened:
                break
            case .message(let message):
                world.note("device \(name)\(call.isGhost ? " (ghost)" : "") <- \(message.brief)")
                if call.isGhost {
                    check(message, on: call)
                } else {
                    take(message, on: call)
                }
            case .closed(let code):
                closed(code, call)
            case .broken(let what):
                world.ledger.violation("device \(name): \(what)")
            }
        }
        if !call.isGhost {
            pump()
        }
    }

    private func closed(_ code: UInt16?, _ call: Call) {
        world.note("device \(name)\(call.isGhost ? " (ghost)" : "") <- close \(code ?? 0)")
        switch code {
        case 1000, 1001, 4000, 4500: break
        case 4001, 4002, 4003:
            world.ledger.expect(call.isHarmed, "law 6: device \(name) was dropped with \(code ?? 0)")
        default:
            world.ledger.violation("device \(name) was closed with \(code ?? 0)")
        }
        call.link.clientEnds()
        lost(call)
    }
}

extension ClientMessage {
    /// The same request, to a paste that is not followed.
    func to(_ paste: String?) -> ClientMessage {
        guard let paste, case .request(let ref, let request, _) = self else { return self }
        return .request(ref: ref, request, paste: paste)
    }
}
