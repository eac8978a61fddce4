// What all commands that speak to a server have in common: where it is, whether it can be trusted, which paste is meant.

import ArgumentParser
import FoundationEssentials
import PasteClient
import PasteModel
import PasteProtocol
import Reactor
import TLS

/// The flags of every command that speaks to a server.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server, like https://host:8443. Also PASTED_SERVER; else the first one that was ever used.")
    var server: String?
    @Option(help: "Accept and remember this certificate: SHA256:AB:CD:… as the server prints it at its start.")
    var fingerprint: String?
    @Flag(help: "Accept and remember an unknown certificate without asking, if it is this server's first.")
    var trustFirst = false
    @Option(help: "How long to try to reach the server before giving up, like 30s.")
    var patience = "10s"
    @Flag(help: "Print JSON, also for errors.")
    var json = false
    @Flag(help: "Do not list the paste in `pasted ls`.")
    var noRemember = false

    func validate() throws {
        if let server, ServerAddress(server) == nil { throw ValidationError("'\(server)' is no address of a server.") }
        if let fingerprint, CertificateFingerprint(fingerprint) == nil {
            throw ValidationError("'\(fingerprint)' is no SHA-256 fingerprint: 64 hexadecimal digits.")
        }
        _ = try patienceMilliseconds
    }

    var patienceMilliseconds: Milliseconds {
        get throws { try readDuration(patience) }
    }
}

/// Where the key comes from.
struct KeyOptions: ParsableArguments {
    @Option(help: "A file whose first line is the key, instead of KEY.")
    var keyFile: String?

    static let discussion = """
        KEY is a paste's key in any spelling, or its whole address. It can also come from the first line of a file \
        (--key-file), from the environment (PASTED_KEY), or, when KEY is '-', from the first line of standard input; \
        with --key-file or PASTED_KEY there is no KEY among the arguments. Arguments show in 'ps' to every user of \
        the machine, and so does a key among them; the other three ways do not.
        """

    /// Takes the key off the front of the arguments, unless it comes from elsewhere.
    func take(from words: inout [String]) throws -> PasteReference {
        let (text, source): (String, String)
        if let keyFile {
            guard let data = FileManager.default.contents(atPath: keyFile) else {
                throw ClientFailure(.failed, "\(keyFile) can not be read.")
            }
            (text, source) = (firstLine(data), "the key in \(keyFile)")
        } else if let key = ProcessInfo.processInfo.environment["PASTED_KEY"], !key.isEmpty {
            (text, source) = (key, "PASTED_KEY")
        } else if words.isEmpty {
            throw ValidationError("Which paste? Give its KEY, --key-file or PASTED_KEY.")
        } else if words.first == "-" {
            words.removeFirst()
            (text, source) = (try readKeyLine(), "the key on standard input")
        } else {
            (text, source) = (words.removeFirst(), "KEY")
        }
        guard let reference = PasteReference(text) else { throw ValidationError("\(source) is no key and no address.") }
        return reference
    }

    private func firstLine(_ data: Data) -> String {
        let line = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self)
    }

    /// Byte by byte: what follows the line is not ours.
    private func readKeyLine() throws -> String {
        var line: [UInt8] = []
        while line.count < 4_096, let byte = try StandardStreams.read(atMost: 1).first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

/// What every command about one paste is given beside its arguments: where the KEY comes from, and the way to the server.
struct PasteOptions: ParsableArguments {
    @OptionGroup var key: KeyOptions
    @OptionGroup var options: ClientOptions

    /// Carries out the errand for the paste that is meant, with the words behind its KEY. What fails is told as JSON
    /// or as a sentence, as was asked for.
    /// - Parameter words: The command's arguments; each command says itself what they are.
    func run(_ words: [String], _ errand: (_ paste: PasteReference, _ rest: [String]) throws -> Void) throws {
        try report(json: options.json) {
            var rest = words
            let paste = try key.take(from: &rest)
            try errand(paste, rest)
        }
    }
}

/// `90s`, `15m`, `1h`, `7d`.
func readDuration(_ text: String) throws -> Milliseconds {
    guard let duration = duration(spelled: text) else {
        throw ValidationError("'\(text)' is no duration like 90s, 15m, 1h or 7d.")
    }
    return duration
}

/// An item's number as it was typed.
func readItem(_ text: String) throws -> UInt64 {
    guard let item = UInt64(text), item > 0, item < 1 << 53 else {
        let hint =
            ProcessInfo.processInfo.environment["PASTED_KEY"] == nil ? "" : " (The key is taken from PASTED_KEY.)"
        throw ValidationError("'\(text)' is no number of an item.\(hint)")
    }
    return item
}
