import PasteModel

/// Texts that break what is careless with bytes.
enum Texts {
    private static let pieces = [
        "word ", "\r\n", "\r", "\n", "\t", "\u{1}", "\u{7F}", "\"", "\\", "</script>", "e\u{301}", "\u{E9}",
        "\u{1F469}\u{200D}\u{1F467}", "\u{FEFF}", "\u{2028}", "日本", "0", " ", "\u{10FFFF}",
    ]

    static func random(_ dice: Dice, limit: Int) -> Text {
        switch dice.within(0...40) {
        case 0: return .empty
        case 1: return Text(String(repeating: "x", count: limit))
        case 2: return Text(String(repeating: "x", count: limit + 1))
        case 3...5: return compose(dice, pieces: dice.within(50...300))
        default: return compose(dice, pieces: dice.within(1...12))
        }
    }

    static func compose(_ dice: Dice, pieces count: Int) -> Text {
        var text = ""
        for _ in 0..<count {
            text += dice.pick(from: pieces) ?? ""
        }
        return Text(text)
    }
}
