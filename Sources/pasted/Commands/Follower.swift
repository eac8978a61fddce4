// `pasted send -f`: a stream becomes items, at the pace that the server keeps.

import PasteClient
import PasteModel
import PasteProtocol
import Reactor

/// Follows standard input.
struct Follower {
    /// The shortest time between two items that are not full, in milliseconds: a line at a time would fill a paste with
    /// items long before it is full of text.
    private static let pace: Milliseconds = 250
    /// How long to wait for room in a full paste before asking again.
    private static let fullPause: Milliseconds = 1_000
    private static let readBytes = 64 * 1024

    private let errand: Errand
    private let whenFull: Send.WhenFull
    private let replacesInvalid: Bool
    private var lines = LineGatherer(limit: 4)
    private var hasEnded = false
    private var nextAt: Milliseconds = 0
    private var progress = Progress()
    private var sent = (items: 0, bytes: 0)
    /// What is under way, and what had no room.
    private var current: Text?
    private var hasNoRoom = false
    /// Items of ours that are still there, the oldest first.
    private var kept: [(item: UInt64, bytes: Int)] = []
    private var removing = 0

    init(_ errand: Errand, whenFull: Send.WhenFull, replacesInvalid: Bool) {
        (self.errand, self.whenFull, self.replacesInvalid) = (errand, whenFull, replacesInvalid)
    }

    /// Until the input ends and all of it is safe.
    func run() throws {
        var running = self
        try running.follow()
    }

    private mutating func follow() throws {
        defer { progress.clear() }
        while !errand.client.session.isGreeted { _ = try errand.step() }
        // Once there, it is a matter of the pipe's other end how long it waits.
        errand.client.patience = nil
        lines = LineGatherer(limit: errand.client.session.limits.textBytes, replacesInvalid: replacesInvalid)
        while !(lines.isDone && current == nil) {
            try sendNext()
            let step = try errand.step(watchesInput: !hasEnded && !lines.isFull, atMost: pause)
            for report in step.reports { try take(report) }
            if step.hasInput { try read() }
            progress.show(sent.bytes, "sent")
        }
    }

    private mutating func read() throws {
        let bytes = try StandardStreams.read(atMost: Self.readBytes)
        if bytes.isEmpty {
            hasEnded = true
            lines.end()
        } else {
            lines.add(bytes)
        }
    }

    /// How long to wait at most: until the next item is due.
    private var pause: Milliseconds? {
        let isDue = (hasNoRoom && removing == 0) || (current == nil && lines.hasItem)
        return isDue ? max(0, nextAt - Clock.milliseconds) : nil
    }

    private mutating func sendNext() throws {
        let now = Clock.milliseconds
        if hasNoRoom {
            guard now >= nextAt, removing == 0, let current else { return }
            hasNoRoom = false
            _ = errand.client.session.ask(.change(.append(current)))
            return
        }
        guard current == nil, lines.isFull || hasEnded || now >= nextAt else { return }
        do throws(LineGatherer.NotText) {
            guard let text = try lines.next() else { return }
            current = text
            nextAt = now + Self.pace
            _ = errand.client.session.ask(.change(.append(text)))
        } catch {
            throw failure(.notText, "The input is not UTF-8 text (behind byte \(error.offset)). Try --replace-invalid.")
        }
    }

    private mutating func take(_ report: ClientSession.Report) throws {
        switch report {
        case .done(let receipt):
            guard let item = receipt.item, let text = current, !hasNoRoom else {
                removing = max(0, removing - 1)
                return
            }
            sent = (sent.items + 1, sent.bytes + text.count)
            if whenFull == .clear { kept.append((item, text.count)) }
            current = nil
        case .refused(_, .change(.remove), _): removing = max(0, removing - 1)
        case .refused(_, _, let error): try refused(error)
        default: break
        }
    }

    private mutating func refused(_ error: ErrorMessage) throws {
        let isFull = error.known == .pasteFull || error.known == .tooManyItems
        guard isFull, whenFull != .fail, whenFull == .wait || !kept.isEmpty else {
            let kind = ClientFailure(error)
            let advice = isFull && whenFull == .fail ? " Or let --when-full wait or clear." : ""
            let hasEnded = kind.kind == .noSuchPaste && sent.items > 0
            throw failure(hasEnded ? .over : kind.kind, code: kind.code, error.message + advice)
        }
        hasNoRoom = true
        if whenFull == .wait {
            nextAt = Clock.milliseconds + Self.fullPause
        } else {
            nextAt = 0
            makeRoom(bytes: error.known == .pasteFull ? current?.count ?? 0 : 0)
        }
    }

    /// Removes the oldest of our items: as many bytes as are needed, or some items where the trouble is their number.
    private mutating func makeRoom(bytes: Int) {
        let most = errand.client.session.limits.requestsInFlight
        var freed = 0
        removing = 0
        while let oldest = kept.first, removing < (bytes > 0 ? most : most / 2), bytes == 0 || freed < bytes {
            kept.removeFirst()
            freed += oldest.bytes
            removing += 1
            _ = errand.client.session.ask(.change(.remove(item: oldest.item)))
        }
    }

    private func failure(_ kind: ClientFailure.Kind, code: String? = nil, _ sentence: String) -> ClientFailure {
        ClientFailure(
            kind, code: code ?? "\(kind)",
            "\(sentence) \(sent.bytes) bytes in \(sent.items) items are kept; what came behind them is not.")
    }
}
