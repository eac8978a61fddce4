// A session and its connections, driven by one thread: connects, waits, comes back.

import PasteModel
import PasteProtocol
import Reactor
import TLS

/// A device's session with a server. Confined to one thread.
public final class Client {
    /// Messages wait in the session while so many bytes wait for the socket.
    private static let waitingBytes = 1 << 20

    /// The session: ask it for things between steps.
    public var session: ClientSession
    /// Where the server is.
    public let address: ServerAddress
    /// How its certificate is judged.
    public private(set) var trust: Trust
    /// How long to go on without getting anywhere, in milliseconds; nil: for ever.
    public var patience: Milliseconds?
    /// The trouble that there is now; nil while all is well.
    public private(set) var trouble: ClientFailure?

    private let context: TLSContext?
    private var link: Link?
    private var isOpen = false
    private var dialledAt: Milliseconds = 0
    private var troubleSince: Milliseconds?
    private var random = SystemRandomNumberGenerator()

    /// A client that is not connected yet.
    public init(
        _ session: ClientSession, to address: ServerAddress, trust: Trust, patience: Milliseconds?
    ) throws(ClientFailure) {
        (self.session, self.address, self.trust, self.patience) = (session, address, trust, patience)
        do throws(TLSError) {
            context = try address.isSecure ? TLSContext(trusting: nil) : nil
        } catch {
            throw ClientFailure(.untrusted, "The system's certificate authorities can not be read (\(error)).")
        }
    }

    /// What a step found.
    public struct Step {
        /// What the session reported, in order.
        public var reports: [ClientSession.Report] = []
        /// Whether standard input has something, when that was asked for.
        public var hasInput = false

        /// Nothing happened.
        public init() {}
    }

    /// Waits until something happens, and does what is to be done.
    /// - Parameters:
    ///   - watchesInput: Whether standard input is waited for too.
    ///   - atMost: The longest wait, in milliseconds; nil: none but the session's own.
    /// - Throws: `ClientFailure` when patience is over or the session has ended; `DistrustedCertificate`.
    public func step(watchesInput: Bool = false, atMost: Milliseconds? = nil) throws -> Step {
        var step = Step()
        connect()
        try send()
        var awaited: [Awaited] = []
        if let link { awaited.append(link.awaited) }
        if watchesInput { awaited.append(.standardInput) }
        try Awaited.wait(for: &awaited, milliseconds: wait(atMost))
        if let link, let seen = awaited.first {
            if seen.hasOutput { flush(link) }
            if seen.hasInput, !link.isGone { try take(link.receive()) }
        }
        if watchesInput { step.hasInput = awaited.last?.hasInput == true }
        if !session.time(now: now) { lose(1006, ClientFailure(.unreachable, "\(address) does not answer.")) }
        try send()
        step.reports = session.takeReports()
        try judge(step.reports)
        return step
    }

    /// Ends the connection properly.
    public func close() {
        link?.close()
        link = nil
    }

    /// Connects anew after a certificate was not accepted, as `trust` says now.
    public func accept(_ trust: Trust) {
        self.trust = trust
        (link, isOpen) = (nil, false)
    }

    private var now: Milliseconds { Clock.milliseconds }
    private var fraction: Double { Double.random(in: 0..<1, using: &random) }

    private func wait(_ atMost: Milliseconds?) -> Int32 {
        var waits: [Milliseconds] = []
        if let atMost { waits.append(atMost) }
        if let deadline = session.nextDeadline { waits.append(deadline - now) }
        if link != nil, !isOpen { waits.append(dialledAt + ClientSession.connectPatience - now) }
        if let patience, let troubleSince { waits.append(troubleSince + patience - now) }
        return waits.min().map { Int32(clamping: max(0, $0)) } ?? -1
    }

    private func connect() {
        guard link == nil, session.wantsConnection else { return }
        do throws(ClientFailure) {
            link = try Link(to: address, context: context, trust: trust)
            isOpen = false
            dialledAt = now
        } catch {
            session.opened(now: now)
            session.closed(code: 1006, now: now, random: fraction, why: error)
        }
    }

    private func send() throws(ClientFailure) {
        guard isOpen else {
            // The handshakes have their time too.
            if link != nil, now - dialledAt >= ClientSession.connectPatience {
                lose(1006, ClientFailure(.unreachable, "\(address) does not answer."))
            }
            return
        }
        while let link, link.waitingBytes < Self.waitingBytes, let message = session.nextMessage() {
            do throws(ClientFailure) {
                try link.send(message)
            } catch {
                lose(1006, error)
            }
        }
    }

    private func flush(_ link: Link) {
        do throws(ClientFailure) {
            try link.flush()
        } catch {
            lose(1006, error)
        }
    }

    private func take(_ arrivals: [Link.Arrival]) {
        for arrival in arrivals {
            switch arrival {
            case .opened:
                isOpen = true
                session.opened(now: now)
            case .message(let json): session.received(json, now: now, random: fraction)
            case .closed(let code, let why): lose(code, why)
            }
        }
    }

    private func lose(_ code: UInt16, _ why: ClientFailure?) {
        link = nil
        if !isOpen { session.opened(now: now) }
        isOpen = false
        session.closed(code: code, now: now, random: fraction, why: why)
    }

    /// Notes how it goes, and gives up when that was bad for too long.
    private func judge(_ reports: [ClientSession.Report]) throws(ClientFailure) {
        for report in reports {
            switch report {
            case .trouble(let failure):
                trouble = failure
                troubleSince = troubleSince ?? now
            case .level, .done, .created, .event, .items, .snapshot:
                (trouble, troubleSince) = (nil, nil)
            case .welcome where session.unanswered == 0:
                (trouble, troubleSince) = (nil, nil)
            default: break
            }
        }
        if let patience, let troubleSince, let trouble, now - troubleSince >= patience { throw trouble }
    }
}
