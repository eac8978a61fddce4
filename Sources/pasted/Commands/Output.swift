// Texts on standard output: exact bytes in a pipe, harmless ones on a terminal.

import PasteClient
import PasteModel
import Reactor

/// Standard output.
struct Output {
    let isTerminal = StandardStreams.outputIsTerminal
    /// Whether each text ends with a line feed in a pipe too.
    var endsLines = false

    /// One text.
    func write(_ text: Text) throws {
        var bytes = isTerminal ? PrintableText.escaped(text.utf8) : text.utf8
        if isTerminal || endsLines, bytes.last != 0x0A { bytes.append(0x0A) }
        try StandardStreams.write(bytes)
    }

    /// A line of our own.
    func say(_ line: String) throws {
        try StandardStreams.write(Array("\(line)\n".utf8))
    }

    /// A line of JSON. Its control characters are escaped by JSON itself; the others that a terminal could obey are by
    /// us, which changes nothing of what it means.
    func json(_ line: [UInt8]) throws {
        try StandardStreams.write((isTerminal ? JSONForTerminal.escaped(line) : line) + [0x0A])
    }
}

/// JSON for a terminal.
private enum JSONForTerminal {
    /// DEL and the C1 controls, as `\u0080`.
    static func escaped(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if (0x7F..<0xA0).contains(scalar.value) {
                result += Array("\\u00\(String(scalar.value, radix: 16))".utf8)
            } else {
                result += Array(String(scalar).utf8)
            }
        }
        return result
    }
}
