import PasteModel
import Seeded
import Testing

/// A seeded generator: a failure names its seed.
struct Dice: RandomNumberGenerator {
    private var source: SplitMix64

    init(_ seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { source.next() }

    /// Lines of a small alphabet with wide characters, so that texts share much.
    mutating func text(_ lines: Int) -> Text {
        let words = ["a\n", "b\n", "\n", "\u{1F9A6}\u{E9}\n", "long line\n", "x", "\r\n", "\u{65}\u{301}"]
        return Text(
            (0..<Int.random(in: 0...lines, using: &self)).map { _ in words.randomElement(using: &self) ?? "" }.joined())
    }
}

@Suite struct EditLawTests {
    @Test("a difference leads from one text to the other", arguments: 0..<400 as Range<UInt64>)
    func difference(seed: UInt64) {
        var dice = Dice(seed + 1)
        let (before, after) = (dice.text(30), dice.text(30))
        let edit = TextEdit.difference(from: before, to: after)
        #expect(edit.apply(to: before) == after)
        #expect(edit.ops.isEmpty == (before == after))
        #expect(edit.ops.isEmpty || edit.normalised() == edit)
    }

    @Test("changes in two places stay two: what others do between them is not touched")
    func twoPlaces() throws {
        let before = Text("one\ntwo\nthree\nfour\nfive\n")
        let mine = TextEdit.difference(from: before, to: Text("ONE\ntwo\nthree\nfour\nFIVE\n"))
        let others = TextEdit.difference(from: before, to: Text("one\ntwo\n3\nfour\nfive\n"))
        let merged = try #require(others.apply(to: before).flatMap { mine.transformed(over: others).apply(to: $0) })
        #expect(merged.string == "ONE\ntwo\n3\nfour\nFIVE\n")
    }

    @Test("a last line is the same with and without its line feed: what others do to it stays")
    func lastLine() throws {
        for (before, after, merged) in [
            ("bob", "a\nbob\nc", "a\nbOb\nc"), ("a\nbob\nc", "bob", "bOb"), ("x\nbob", "bob\n", "bOb\n"),
            ("bob\n", "a\nbob", "a\nbOb"),
        ] {
            let mine = TextEdit.difference(from: Text(before), to: Text(after))
            let others = TextEdit.difference(from: Text(before), to: Text(before.replacing("bob", with: "bOb")))
            #expect(mine.apply(to: Text(before)) == Text(after))
            let theirs = try #require(others.apply(to: Text(before)))
            #expect(mine.transformed(over: others).apply(to: theirs)?.string == merged)
        }
    }

    @Test("texts with more changed lines than are compared still differ by an edit that may be sent")
    func manyLines() {
        let before = Text((0..<6_000).map { "\($0)\n" }.joined())
        let after = Text((0..<6_000).map { "\($0 % 2 == 0 ? $0 : -$0)\n" }.joined())
        let edit = TextEdit.difference(from: before, to: after)
        #expect(edit.apply(to: before) == after)
        #expect(edit.ops.count <= TextEdit.maximumOps)
    }

    @Test("two edits in a row and their composition do the same", arguments: 0..<400 as Range<UInt64>)
    func composition(seed: UInt64) {
        var dice = Dice(seed + 1)
        let (first, second, third) = (dice.text(20), dice.text(20), dice.text(20))
        let edit = TextEdit.difference(from: first, to: second)
        let next = TextEdit.difference(from: second, to: third)
        #expect(edit.composed(with: next).apply(to: first) == third)
        #expect(edit.composed(with: TextEdit(ops: [])) == edit)
        #expect(TextEdit(ops: []).composed(with: next) == next)
    }
}
