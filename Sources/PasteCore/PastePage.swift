// A paste as a page without a script: its items, newest first, and a form that adds one. Text is never markup here.

import PasteModel

/// The page's markup, bit by bit.
struct PastePage: Sendable {
    let key: PasteKey
    let expiresAt: Milliseconds
    let now: Milliseconds
    private let pad: Text
    private let count: Int

    init(key: PasteKey, expiresAt: Milliseconds, now: Milliseconds, _ state: PasteState) {
        self.key = key
        self.expiresAt = expiresAt
        self.now = now
        pad = state.pad
        count = state.items.count
    }

    /// No script at all, and a form that goes nowhere else.
    static let contentSecurityPolicy = """
        default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
        frame-ancestors 'none'
        """

    /// The page for who comes without a key.
    static let home = Array(
        (head(title: "Pasted") + """
            <h1>Text from one device, on the other.</h1>
            <p>These pages need no JavaScript. They do not change by themselves.</p>
            <form method="post" action="/" enctype="multipart/form-data" class="card">
            <p><label for="text">A new paste with this text</label></p>
            <p><textarea id="text" name="text" rows="5" required></textarea></p>
            <p><button class="primary">Make it</button></p>
            </form>
            <form method="get" action="/" class="card">
            <input type="hidden" name="read" value="">
            <p><label for="key">Three words or the code</label></p>
            <p><input id="key" name="key" autocomplete="off" autocapitalize="none" spellcheck="false" required> <button>Open</button></p>
            </form>
            </main>
            </body>
            </html>

            """).utf8)

    /// What comes before the items.
    var opening: [UInt8] {
        let name = key.name
        var output = Array(
            (Self.head(title: "\(name) - Pasted") + """
                <h1 class="words">\(name)</h1>
                <p>Gone in \(left). This page needs no JavaScript and does not change by itself:
                <a href="/\(name)/read">look again</a>.</p>
                <form method="post" action="/\(name)" enctype="multipart/form-data" class="card">
                <p><label for="text">A new item</label></p>
                <p><textarea id="text" name="text" rows="5" required></textarea></p>
                <p><button class="primary">Keep</button></p>
                </form>

                """).utf8)
        if !pad.isEmpty {
            output += "<h2>The pad</h2>\n<pre>\n".utf8
            output.append(escaped: pad)
            output += "</pre>\n".utf8
        }
        output += "<h2>\(count == 1 ? "1 item" : "\(count) items")</h2>\n".utf8
        return output
    }

    private static func head(title: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>\(title)</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="/icons/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/style.css">
        <link rel="stylesheet" href="/plain.css">
        </head>
        <body>
        <main id="main">

        """
    }

    /// Appends an item. A line feed right behind `<pre>` is markup: one is there so that the text's own is none.
    func append(_ item: Item, into output: inout [UInt8]) {
        output +=
            "<article class=\"card\">\n<p><a href=\"/\(key.name)/items/\(item.number)\">Item \(item.number)</a></p>\n<pre>\n"
            .utf8
        output.append(escaped: item.text)
        output += "</pre>\n</article>\n".utf8
    }

    /// What comes behind the items.
    var closing: [UInt8] { Array("</main>\n</body>\n</html>\n".utf8) }

    private var left: String {
        let minutes = max(0, expiresAt - now) / 60_000
        switch minutes {
        case ..<1: return "less than a minute"
        case ..<120: return "\(minutes) minutes"
        case ..<2_880: return "\(minutes / 60) hours"
        default: return "\(minutes / 1_440) days"
        }
    }
}

extension [UInt8] {
    /// Appends a text as markup that shows it.
    fileprivate mutating func append(escaped text: Text) {
        reserveCapacity(count + text.count + text.count / 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): self += "&amp;".utf8
            case UInt8(ascii: "<"): self += "&lt;".utf8
            case UInt8(ascii: ">"): self += "&gt;".utf8
            case UInt8(ascii: "\""): self += "&quot;".utf8
            // What markup can not hold as it is (HTML, "preprocessing the input stream").
            case 0x00: self += "\u{FFFD}".utf8
            case 0x0D: self += "&#13;".utf8
            default: append(byte)
            }
        }
    }
}
