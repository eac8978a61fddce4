import PasteClient
import TLS
import Testing

@testable import struct PasteClient.BackOff
@testable import struct PasteClient.ByteQueue

@Suite struct SmallPartsTests {
    @Test(
        "a server's address is read as people write it",
        arguments: [
            ("https://paste.example", "https://paste.example"), ("paste.example:8443", "https://paste.example:8443"),
            ("http://127.0.0.1:80/", "http://127.0.0.1"), ("https://[::1]:8443", "https://[::1]:8443"),
            ("HTTPS://Paste.Example:443", "https://paste.example"),
        ])
    func address(text: String, spelled: String) {
        #expect(ServerAddress(text).map { "\($0)" } == spelled)
    }

    @Test(
        "what is no server's address is refused",
        arguments: [
            "", "ftp://host", "host:0", "host:70000", "https://user@host", "https://host/path", "a b", "::1", "[::1",
            "https://", "host:port",
        ])
    func noAddress(text: String) {
        #expect(ServerAddress(text) == nil)
    }

    @Test("a key is a key, or the address of a paste")
    func reference() {
        #expect(PasteReference("maple otter cabin")?.key == "maple otter cabin")
        let whole = PasteReference("https://host:8443/maple-otter-cabin#pad")
        #expect(whole?.key == "maple-otter-cabin")
        #expect(whole?.server == ServerAddress("host:8443"))
        for text in ["", "https://host", "https://host/", "https://host/a/b", "key\n", "k\u{E9}y"] {
            #expect(PasteReference(text) == nil)
        }
    }

    @Test("no control character of other people's text reaches a terminal")
    func printable() {
        let every = (UInt32(0)...0x2100).compactMap { Unicode.Scalar($0) }.map(String.init).joined()
        let shown = String(decoding: PrintableText.escaped(Array(every.utf8)), as: UTF8.self).unicodeScalars
        let obeyed = shown.filter { ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || (0x7F..<0xA0).contains($0.value) }
        #expect(obeyed.isEmpty)
        #expect(!shown.contains { (0x202A...0x202E).contains($0.value) })
        func escaped(_ text: String) -> String {
            String(decoding: PrintableText.escaped(Array(text.utf8)), as: UTF8.self)
        }
        #expect(escaped("\u{1B}]0;title\u{7}") == "^[]0;title^G")
        #expect(escaped("a\r\nb\rc\u{202E}") == "a\nb^Mc\\u{202E}")
        #expect(escaped("plain \u{1F9A6} \u{65}\u{301}\n\t") == "plain \u{1F9A6} \u{65}\u{301}\n\t")
    }

    @Test("a fingerprint is read as the server prints it, and in no other length")
    func fingerprint() throws {
        let digits = String(repeating: "aB", count: 32)
        let plain = try #require(CertificateFingerprint(digits))
        #expect(CertificateFingerprint("SHA256:\(plain)") == plain)
        #expect("\(plain)".hasPrefix("AB:AB:"))
        for text in ["", "SHA256:", String(digits.dropLast(2)), digits + "00", String(repeating: "+1", count: 32)] {
            #expect(CertificateFingerprint(text) == nil)
        }
    }

    @Test("waits grow to half a minute and no further, and each is below its bound")
    func backOff() {
        var backOff = BackOff()
        var waits: [Int64] = []
        for _ in 0..<9 { waits.append(backOff.next(random: 1)) }
        #expect(waits == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
        #expect(backOff.next(random: 0) == 0)
        backOff.reset()
        #expect(backOff.next(random: 0.5) == 250)
    }

    @Test("a byte queue gives its bytes in order, however they leave")
    func queue() {
        var queue = ByteQueue()
        var out: [UInt8] = []
        for round in 0..<200 {
            queue.append([UInt8](repeating: UInt8(round), count: round % 7))
            let taken = min(queue.front.count, round % 5)
            out += queue.front.prefix(taken)
            queue.remove(taken)
        }
        while !queue.isEmpty {
            out += queue.front
            queue.remove(queue.front.count)
        }
        #expect(out == (0..<200).flatMap { [UInt8](repeating: UInt8($0), count: $0 % 7) })
        #expect(queue.count == 0)
    }

    @Test("a QR code is square, has its three corner marks, and light all around")
    func qr() throws {
        let code = try #require(QRDrawing("https://paste.example/maple-otter-cabin"))
        for (x, y) in [(0, 0), (code.width - 7, 0), (0, code.width - 7)] {
            for step in 0..<7 {
                #expect(code.isDark(x + step, y) && code.isDark(x, y + step) && code.isDark(x + 6, y + step))
            }
            #expect(!code.isDark(x + 1, y + 1))
            #expect(code.isDark(x + 3, y + 3))
        }
        #expect(!code.isDark(-1, 0) && !code.isDark(0, code.width))
        #expect(code.lines(isColoured: false).allSatisfy { $0.count == code.columns })
        #expect(QRDrawing(String(repeating: "x", count: 3_000)) == nil)
    }
}
