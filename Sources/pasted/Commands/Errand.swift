// One command's way to a server and back: finding it, trusting it, telling what went wrong.

import ArgumentParser
import FoundationEssentials
import PasteClient
import PasteModel
import Reactor
import TLS

/// What a command does with a server.
final class Errand {
    let options: ClientOptions
    let server: ServerAddress
    let client: Client
    /// The key as it was given, or as the server spelled it when the paste was made.
    var key: String?
    private let directories: Directories?
    private var known: KnownServers
    /// Held until the command ends.
    private let device: DeviceSlot?
    private var isRemembered = false
    /// What a person at a terminal is told.
    let notices: Notices
    private var ending: ClientFailure?

    /// - Parameters:
    ///   - reference: The paste; nil to make one.
    ///   - follows: Whether the paste is followed, which it takes to read it.
    ///   - writes: Whether requests are made. Who only reads needs no name.
    init(_ options: ClientOptions, _ reference: PasteReference?, follows: Bool, writes: Bool) throws {
        let environment = ProcessInfo.processInfo.environment
        StandardStreams.ignoreBrokenPipes()
        self.options = options
        directories = Directories(environment: environment)
        known = try KnownServers(directories)
        server = try reference?.server ?? Self.server(options, environment) ?? known.usual ?? .local
        key = reference?.key
        device = writes ? DeviceSlot(directories, microseconds: UInt64(Date().timeIntervalSince1970 * 1_000_000)) : nil
        let session = ClientSession(
            secret: device?.secret, paste: reference?.key, follows: follows, firstRef: device?.firstRef ?? 1)
        let pin = options.fingerprint.flatMap { CertificateFingerprint($0) } ?? known.pin(of: server)
        client = try Client(
            session, to: server, trust: pin.map { .pinned($0) } ?? .authorities,
            patience: options.patienceMilliseconds)
        notices = Notices(isQuiet: options.json)
    }

    static func server(_ options: ClientOptions, _ environment: [String: String]) throws -> ServerAddress? {
        guard let text = options.server ?? environment["PASTED_SERVER"], !text.isEmpty else { return nil }
        guard let address = ServerAddress(text) else {
            throw ValidationError("PASTED_SERVER is '\(text)', which is no address of a server.")
        }
        return address
    }

    /// One step of the client. What ends the session is thrown here.
    func step(watchesInput: Bool = false, atMost: Milliseconds? = nil) throws -> Client.Step {
        if let ending { throw ending }
        var step: Client.Step
        do {
            step = try client.step(watchesInput: watchesInput, atMost: atMost)
        } catch let certificate as DistrustedCertificate {
            try judge(certificate)
            return Client.Step()
        }
        for report in step.reports {
            switch report {
            case .welcome: try met()
            case .trouble(let failure): notices.trouble(failure)
            case .level, .done, .created: notices.isWell()
            default: break
            }
        }
        // What came before the end is heard first.
        if case .ended(let failure) = step.reports.last {
            step.reports.removeLast()
            ending = failure
        }
        return step
    }

    /// Steps until a request is answered; throws what it was refused with.
    func answer(to wish: Wish) throws -> Receipt {
        let wanted = client.session.ask(wish)
        while true {
            for report in try step().reports {
                switch report {
                case .done(let receipt) where receipt.ref == wanted: return receipt
                case .refused(let ref, _, let error) where ref == wanted: throw ClientFailure(error)
                default: break
                }
            }
        }
    }

    /// Lists the paste in `pasted ls`, once.
    func remember(expiresAt: Milliseconds? = nil) {
        guard !options.noRemember, let directories, let key, !isRemembered || expiresAt != nil else { return }
        isRemembered = true
        let now = Milliseconds(Date().timeIntervalSince1970 * 1_000)
        // A list that can't be written is no reason to fail.
        guard var recent = try? RecentPastes(directories, now: now) else { return }
        let entry = RecentPaste(key: key, server: "\(server)", usedAt: now, expiresAt: expiresAt)
        try? recent.add(entry)
    }

    /// The paste is no more.
    func forget() {
        guard let directories, let key, var recent = try? RecentPastes(directories, now: 0) else { return }
        try? recent.remove(key: key, server: "\(server)")
    }

    // MARK: Certificates

    /// A server answered in our language.
    private func met() throws {
        if known.usual == nil { try known.use(server) }
        if let given = options.fingerprint.flatMap({ CertificateFingerprint($0) }), known.pin(of: server) != given {
            try known.pin(given, for: server)
        }
    }

    private func judge(_ certificate: DistrustedCertificate) throws {
        let shown = "SHA256:\(certificate.shown)"
        if let pinned = certificate.pinned {
            throw ClientFailure(
                .untrusted,
                """
                THE CERTIFICATE OF \(server) IS NOT THE ONE THAT IS KNOWN. Nothing was sent to it. Somebody may be \
                in between, or the server has a new certificate.
                  known: SHA256:\(pinned)
                  shown: \(shown)
                If the server's own start-up message shows the same new fingerprint: --fingerprint \(shown)
                """)
        }
        let environment = ProcessInfo.processInfo.environment
        let state = environment["PASTED_STATE_DIR"] ?? directories?.state ?? ""
        if KnownServers.ownCertificate(of: server, in: state) == certificate.shown {
            return client.accept(.pinned(certificate.shown))
        }
        let sentence =
            "The certificate of \(server) is not known (\(certificate.reason)). Its fingerprint is\n  \(shown)\n"
        if options.trustFirst {
            StandardStreams.complain(Array("pasted: \(sentence)It is remembered from now on.\n".utf8))
        } else {
            let question =
                sentence + "Compare it with what the server printed at its start. Trust it from now on? [y/N] "
            let isAnswerable = StandardStreams.inputIsTerminal && !options.json && !notices.isHushed
            guard isAnswerable, let answer = StandardStreams.ask(question), [0x59, 0x79].contains(answer) else {
                throw ClientFailure(
                    .untrusted,
                    sentence + "To trust it: --fingerprint \(shown), after comparing it with what the server "
                        + "printed at its start; or --trust-first.")
            }
        }
        try known.pin(certificate.shown, for: server)
        client.accept(.pinned(certificate.shown))
    }
}

/// Runs a command's errand; its failure becomes a sentence on standard error and the exit status.
func report(json: Bool, _ errand: () throws -> Void) throws {
    do {
        try errand()
    } catch let failure as ClientFailure {
        complain(failure, json: json)
        throw ExitCode(failure.kind.rawValue)
    } catch let error as SystemError {
        // Whoever read our output is gone: as if SIGPIPE had ended us.
        if error.meansBrokenPipe { throw ExitCode(141) }
        complain(ClientFailure(.failed, "\(error)."), json: json)
        throw ExitCode(ClientFailure.Kind.failed.rawValue)
    }
}

private func complain(_ failure: ClientFailure, json: Bool) {
    struct Line: Encodable {
        let error: String
        let message: String
    }
    if json {
        StandardStreams.complain(encoded(Line(error: failure.code, message: failure.description)) + [0x0A])
    } else {
        // A server's sentence is other people's text.
        StandardStreams.complain(PrintableText.escaped(Array("pasted: \(failure)\n".utf8)))
    }
}

/// One line of JSON, without its end.
func encoded(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { Array($0) } ?? []
}

/// A time as people read it.
func spelled(_ milliseconds: Milliseconds) -> String {
    Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
}
