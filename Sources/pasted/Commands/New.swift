import ArgumentParser
import PasteClient
import PasteModel
import PasteProtocol

/// `pasted new`.
struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a paste, and print its address.",
        discussion:
            "The address is good wherever a KEY is asked for. With FILES each becomes an item; '-' is standard input.")

    @Option(help: "A key of your own, 6 to 64 of a-z, 0-9 and '-'. It is easy to guess.")
    var key: String?
    @Flag(name: .customLong("private"), help: "A key that nobody guesses, for links and QR codes: 16 characters.")
    var isPrivate = false
    @Option(help: "How long the paste lives, like 1h or 7d.")
    var expires: String?
    @Argument(help: "Files to keep as items.", completion: .file())
    var files: [String] = []
    @OptionGroup var options: ClientOptions

    func validate() throws {
        _ = try expires.map(readDuration)
        if key != nil, isPrivate { throw ValidationError("A private key is drawn, not chosen.") }
    }

    func run() throws {
        try report(json: options.json) {
            let errand = try Errand(options, nil, follows: false, writes: true)
            let sources = try files.map { try Source($0) }
            let created = try make(errand)
            errand.key = created.paste
            errand.client.session.use(created.paste)
            errand.remember(expiresAt: created.expiresAt)
            // Known before anything can fail: the paste is there.
            if !options.json { try show(created) }
            let items = try Sender(errand).send(sources)
            if options.json { try Output().json(encoded(Made(created, items: items))) }
            errand.client.close()
        }
    }

    private func make(_ errand: Errand) throws -> Created {
        let wish = Wish.create(key: key, expiresIn: try expires.map(readDuration), isPrivate: isPrivate)
        let wanted = errand.client.session.ask(wish)
        while true {
            for report in try errand.step().reports {
                switch report {
                case .created(let created): return created
                case .refused(wanted, _, let error): throw ClientFailure(error)
                default: break
                }
            }
        }
    }

    private func show(_ created: Created) throws {
        let output = Output()
        try output.say(created.url)
        guard output.isTerminal else { return }
        let code = created.code.map { $0 == created.paste ? "" : " or \($0)" } ?? ""
        try output.say("Key: \(created.paste)\(code), until \(spelled(created.expiresAt)).")
    }

    private struct Made: Encodable {
        let paste: String
        let code: String?
        let url: String
        let expiresAt: Milliseconds
        let items: [UInt64]

        init(_ created: Created, items: [UInt64]) {
            (paste, code, url) = (created.paste, created.code, created.url)
            (expiresAt, self.items) = (created.expiresAt, items)
        }
    }
}
