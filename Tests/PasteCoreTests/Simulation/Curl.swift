import PasteModel
import PasteProtocol

@testable import PasteCore

/// A script that speaks HTTP: one request at a time, with an `Idempotency-Key`, sent again until it is answered for good,
/// whatever became of connection and server meanwhile. Now and then it reads, and compares byte for byte.
final class Curl {
    private enum Errand {
        case append(key: String, id: PasteID, text: Text)
        case make(text: Text)
        case read(id: PasteID, item: UInt64)
    }

    private let name: Int
    private let world: World
    private var errand: Errand?
    private var request: [UInt8] = []
    private var link: Link?
    private var heard: [UInt8] = []
    private var count = 0
    /// Not to be sent before.
    private var from: Milliseconds = 0
    /// Errands that were carried out.
    private(set) var done = 0

    init(name: Int, world: World) {
        self.name = name
        self.world = world
    }

    var isAtRest: Bool { errand == nil }

    func live() {
        think()
        world.agenda.plan(after: world.dice.milliseconds(world.isHealed ? 50...300 : 5...400)) { [self] in live() }
    }

    private func think() {
        if errand == nil, !world.isHealed { choose() }
        if errand != nil, let link, world.plan.cutsConnections, !world.isHealed, world.dice.chance(60) {
            link.cut(serverLearnsAfter: world.dice.milliseconds(0...500), clientLearnsAfter: 0)
        }
        guard errand != nil, link == nil, from <= world.agenda.now else { return }
        send()
    }

    // MARK: Asking

    private func choose() {
        count += 1
        let dice = world.dice
        let text = Texts.compose(dice, pieces: dice.within(1...20))
        let token = "curl-\(name)-\(count)-0123456789"
        if dice.chance(100), world.mayCreate() {
            let client = ClientSecret(token, scope: "make", client: nil, hash: world.plan.settings.hash)
            for attempt in 0..<world.plan.settings.keyAttempts {
                let key = PasteKey.derived(
                    .short, hash: world.plan.settings.hash, client: client.bytes, ref: 1, attempt: UInt64(attempt))
                let (id, author) = world.identify(key.canonical, client)
                world.ledger.asked(author, 1, .append(text), of: id)
                // A paste whose first text can not be kept is taken back.
                world.ledger.askedToDelete(id)
            }
            errand = .make(text: text)
            write("PUT /", token, text)
        } else if let key = dice.pick(from: world.keys) {
            let client = ClientSecret(token, scope: "append", client: nil, hash: world.plan.settings.hash)
            let (id, author) = world.identify(key, client)
            if dice.chance(300), let item = dice.pick(from: world.ledger.book(id)?.head.items ?? ItemList()) {
                errand = .read(id: id, item: item.number)
                request = Array("GET /\(key)/items/\(item.number) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            } else {
                world.ledger.asked(author, 1, .append(text), of: id)
                errand = .append(key: key, id: id, text: text)
                write("PUT /\(key)", token, text)
            }
        }
    }

    private func write(_ line: String, _ token: String, _ text: Text) {
        request = Array(
            "\(line) HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \(token)\r\nContent-Length: \(text.count)\r\n\r\n".utf8)
        request += text.utf8
    }

    private func send() {
        guard let link = world.makeLink(.none), let shard = world.dice.pick(from: world.shards) else { return }
        self.link = link
        heard = []
        link.onClientBytes = { [unowned self] bytes in
            guard self.link === link else { return }
            heard += bytes
            hear()
        }
        link.onClientEnd = { [unowned self] in
            guard self.link === link else { return }
            self.link = nil
            from = world.agenda.now + world.dice.milliseconds(10...1_000)
        }
        shard.accept(link)
        link.clientSends(request)
    }

    // MARK: Hearing

    private func hear() {
        let text = String(decoding: heard, as: UTF8.self)
        guard let status = Int(text.dropFirst(9).prefix(3)), let end = heard.firstRange(ofLineEnds: 2) else { return }
        let head = String(decoding: heard[..<end.lowerBound], as: UTF8.self)
        let length = head.firstRange(of: "Content-Length: ").map { head[$0.upperBound...].prefix { $0.isNumber } }
        let content = heard[end.upperBound...]
        guard content.count >= length.flatMap({ Int($0) }) ?? 0 else { return }
        world.note("curl \(name) hears \(status)")
        judge(status, Array(content))
        link?.clientEnds()
        link = nil
    }

    private func judge(_ status: Int, _ content: [UInt8]) {
        guard let errand else { return }
        switch (status, errand) {
        case (429, _), (503, _), (507, _), (408, _):
            from = world.agenda.now + world.dice.milliseconds(100...2_000)
            return
        case (201, .append(let key, let id, let text)):
            let url = String(decoding: content, as: UTF8.self)
            let item = UInt64(url.filter { !$0.isNewline }.split(separator: "/").last ?? "")
            world.ledger.expect(url.hasPrefix("https://a/"), "an append was answered by \(url)")
            expect(item, of: id, text, "law 1: curl's text in \(key)")
        case (201, .make(let text)):
            let key = String(decoding: content, as: UTF8.self).filter { !$0.isNewline }.dropFirst("https://a/".count)
            guard let parsed = PasteKey(parsing: String(key)) else {
                world.ledger.violation("a new paste was answered by no key")
                return
            }
            expect(1, of: PasteID(parsed, hash: world.plan.settings.hash), text, "law 1: curl's new paste")
            world.publish(String(key))
        case (200, .read(let id, let item)):
            let wasThere = world.ledger.book(id)?.states.contains { state in
                state.items.contains { $0.number == item && $0.text.utf8 == content }
            }
            world.ledger.expect(wasThere == true, "law 4: item \(item) was read as it never was")
        case (404, .append(_, let id, _)): world.ledger.noSuchPaste(id, now: world.agenda.now)
        case (404, .read), (409, _), (500, _): break
        default: world.ledger.violation("curl was told \(status)")
        }
        done += 1
        self.errand = nil
    }

    private func expect(_ item: UInt64?, of id: PasteID, _ text: Text, _ what: String) {
        let isThere = world.ledger.book(id)?.log.contains { event in
            if case .append(let number, let kept) = event.body { return number == item && kept == text }
            return false
        }
        world.ledger.expect(isThere == true, "\(what) was acknowledged and is not durable")
    }
}

extension [UInt8] {
    /// Where so many CR LF in a row are first.
    fileprivate func firstRange(ofLineEnds times: Int) -> Range<Int>? {
        let mark = [[UInt8]](repeating: [13, 10], count: times).flatMap(\.self)
        return indices.first { starts(with: mark, at: $0) }.map { $0..<$0 + mark.count }
    }

    private func starts(with mark: [UInt8], at place: Int) -> Bool {
        mark.count <= count - place && self[place..<place + mark.count].elementsEqual(mark)
    }
}
