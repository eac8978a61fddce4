import ArgumentParser
import FoundationEssentials
import PasteClient
import PasteModel
import PasteProtocol
import Reactor

/// `pasted send`.
struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep files or standard input as items, exact to the byte.",
        usage: "pasted send [<options>] KEY [FILES … | -]",
        discussion: """
            Each file becomes one item; its number is printed. Without FILES standard input becomes one.

            With -f a command's output is followed while it comes: `make 2>&1 | pasted send -f KEY`. Items are whole \
            lines then, as many as have come since the last one was safe, at most four items a second unless they are \
            full. One is under way at a time, so that nothing is out of order when the paste is full; when the network \
            or the server is slow, the command waits as it would for a slow pipe. It goes on after lost connections, \
            with nothing lost and nothing twice.

            \(KeyOptions.discussion)
            """)

    enum WhenFull: String, ExpressibleByArgument, CaseIterable {
        case fail, wait, clear
    }

    @Flag(name: [.short, .long], help: "Follow standard input line by line.")
    var follow = false
    @Option(
        help: """
            With -f, when the paste is full: 'fail' ends; 'wait' waits until somebody removes something; 'clear' removes \
            the oldest items that this command itself has sent.
            """)
    var whenFull = WhenFull.fail
    @Flag(help: "Replace what is not UTF-8 by U+FFFD instead of failing.")
    var replaceInvalid = false
    @Argument(help: "The KEY, then the files; '-' is standard input.", completion: .file())
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func run() throws {
        try given.run(words) { paste, files in
            if follow, !files.isEmpty, files != ["-"] {
                throw ValidationError("With -f standard input is followed: no FILES.")
            }
            let sources = follow ? [] : try (files.isEmpty ? ["-"] : files).map { try Source($0, replaceInvalid) }
            let errand = try Errand(given.options, paste, follows: false, writes: true)
            if follow {
                try Follower(errand, whenFull: whenFull, replacesInvalid: replaceInvalid).run()
            } else {
                let items = try Sender(errand).send(sources)
                try show(items)
            }
            errand.remember()
            errand.client.close()
        }
    }

    private func show(_ items: [UInt64]) throws {
        struct Sent: Encodable {
            let items: [UInt64]
        }
        let output = Output()
        if given.options.json { return try output.json(encoded(Sent(items: items))) }
        for item in items { try output.say("\(item)") }
    }
}

/// A text to send, with the name that it has for the person.
struct Source {
    let name: String
    let text: Text

    /// Reads a file, or standard input for `-`, whole.
    init(_ path: String, _ replacesInvalid: Bool = false) throws {
        name = path == "-" ? "standard input" : path
        let bytes = path == "-" ? try Self.readInput() : try Self.readFile(path)
        if replacesInvalid {
            text = Text(String(decoding: bytes, as: UTF8.self))
        } else if String(validating: bytes, as: UTF8.self) != nil {
            text = Text(uncheckedUTF8: bytes)
        } else {
            throw ClientFailure(
                .notText, "\(name) is not UTF-8 text. Send it as base64, convert it with iconv, or --replace-invalid.")
        }
    }

    private static func readFile(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ClientFailure(.failed, "\(path) can not be read.")
        }
        return Array(data)
    }

    /// More than any server takes as one text is not even read.
    private static let mostBytes = 64 << 20

    private static func readInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try StandardStreams.read(atMost: 1 << 18)
            if more.isEmpty { return bytes }
            bytes += more
            guard bytes.count <= mostBytes else {
                throw ClientFailure(.limit, "Standard input is larger than any one item. Follow it with -f.")
            }
        }
    }
}

/// Sends whole texts, one item each.
struct Sender {
    let errand: Errand

    init(_ errand: Errand) {
        self.errand = errand
    }

    /// Sends all, several at a time.
    /// - Returns: The items' numbers in the order of the texts.
    func send(_ sources: [Source]) throws -> [UInt64] {
        guard !sources.isEmpty else { return [] }
        while !errand.client.session.isGreeted { _ = try errand.step() }
        let limit = errand.client.session.limits.textBytes
        for source in sources where source.text.count > limit {
            throw ClientFailure(
                .limit,
                "\(source.name) has \(source.text.count) bytes, and one item may have \(limit). "
                    + "Send it in parts, or follow it with -f.")
        }
        let refs = sources.map { errand.client.session.ask(.change(.append($0.text))) }
        var items: [UInt64: UInt64] = [:]
        var progress = Progress()
        defer { progress.clear() }
        let total = sources.reduce(0) { $0 + $1.text.count }
        while items.count < refs.count {
            for report in try errand.step().reports {
                switch report {
                case .done(let receipt): items[receipt.ref] = receipt.item ?? 0
                case .refused(let ref, _, let error):
                    let failure = ClientFailure(error)
                    let name = refs.firstIndex(of: ref).map { sources[$0].name + ": " } ?? ""
                    let isOfText = failure.kind == .limit || failure.kind == .notText || error.known == .emptyText
                    throw isOfText
                        ? ClientFailure(failure.kind, code: failure.code, name + failure.description) : failure
                default: break
                }
            }
            progress.show(total - errand.client.session.unansweredBytes, "sent")
        }
        return refs.compactMap { items[$0] }
    }
}
