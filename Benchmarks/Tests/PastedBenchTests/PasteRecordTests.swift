import PasteModel
import PasteProtocol
import Testing

@testable import pasted_bench

@Suite("What a paste must be by what was asked of it")
struct PasteRecordTests {
    private let author = Author(rawValue: 0xABC)
    private var record = PasteRecord()

    private func event(_ seq: UInt64, _ ref: UInt64, _ body: EventBody) -> Event {
        Event(cursor: Cursor(seq: seq, tag: 0), at: 0, author: author, ref: ref, body: body)
    }

    private func isWrong(_ shown: PasteRecord.Shown) -> Bool {
        if case .wrong = shown { true } else { false }
    }

    private mutating func append(_ ref: UInt64, devices: Int = 2) -> Text {
        let text = PasteRecord.text(ref: ref, author: author, size: 64)
        record.ask(.append(text), ref: ref, author: author, due: 7, devices: devices)
        return text
    }

    private mutating func type(_ ref: UInt64, _ letter: String, devices: Int = 1) {
        let edit = TextEdit(ops: [.retain(3), .insert(Text(letter))])
        record.ask(.edit(.pad, base: 0, edit), ref: ref, author: author, due: 0, devices: devices)
    }

    @Test("a request is over when the last device was shown it, and counts once for each of them")
    mutating func deliveries() {
        let text = append(1)
        let shown = event(1, 1, .append(item: 1, text: text))
        guard case .asked(due: 7, isLast: false) = record.show(shown) else { return #expect(Bool(false)) }
        #expect(record.outstanding == 1)
        guard case .asked(due: 7, isLast: true) = record.show(shown) else { return #expect(Bool(false)) }
        #expect(record.outstanding == 0)
        #expect(isWrong(record.show(shown)), "once too often")
    }

    @Test("no two requests have one text, and each has the size that was asked for")
    func texts() {
        let other = Author(rawValue: 0xABD)
        let texts = (1...300).flatMap { ref in
            [author, other].map { PasteRecord.text(ref: ref, author: $0, size: 64) }
        }
        #expect(Set(texts).count == texts.count)
        #expect(texts.allSatisfy { $0.count == 64 })
        #expect(PasteRecord.text(ref: 10, author: author, size: 1).count == 1)
    }

    @Test("another text of the same length is not what was sent")
    mutating func otherText() {
        let (first, second) = (append(1), append(2))
        #expect(first.count == second.count)
        #expect(isWrong(record.show(event(1, 1, .append(item: 1, text: second)))))
    }

    @Test("an edit is the letter that was typed, into what it was typed into, wherever it has come to stand")
    mutating func edits() {
        let letter = TextOp.insert(Text("a"))
        let wrong: [(EditTarget, [TextOp])] = [
            (.item(1), [.retain(3), letter]), (.pad, [.retain(3), .insert(Text("b"))]), (.pad, [.delete(1), letter]),
            (.pad, [.retain(1), letter, .delete(1)]), (.pad, [letter, .retain(1), letter]), (.pad, []),
        ]
        for (target, ops) in wrong {
            type(1, "a")
            #expect(isWrong(record.show(event(1, 1, .edit(target: target, ops: TextEdit(ops: ops))))), "\(ops)")
        }
        for (seq, ops) in [(1, [letter]), (2, [.retain(1), letter])] as [(UInt64, [TextOp])] {
            type(seq, "a")
            #expect(!isWrong(record.show(event(seq, seq, .edit(target: .pad, ops: TextEdit(ops: ops))))), "\(ops)")
        }
    }

    @Test("an append is no edit, and an edit no append")
    mutating func otherKind() {
        type(1, "a")
        #expect(isWrong(record.show(event(1, 1, .append(item: 1, text: Text("a"))))))
    }

    @Test("two devices that are shown two orders are not shown the same paste")
    mutating func order() {
        let (first, second) = (append(1), append(2))
        _ = record.show(event(1, 1, .append(item: 1, text: first)))
        _ = record.show(event(2, 2, .append(item: 2, text: second)))
        #expect(isWrong(record.show(event(1, 2, .append(item: 1, text: second)))))
    }

    @Test("the items of a snapshot are those that the events made, under their numbers")
    mutating func items() {
        let texts = [append(1, devices: 1), append(2, devices: 1)]
        for (seq, text) in zip(1..., texts) {
            _ = record.show(event(UInt64(seq), UInt64(seq), .append(item: UInt64(seq), text: text)))
        }
        func item(_ number: UInt64, _ text: Text) -> Item {
            Item(number: number, at: 0, author: author, text: text, textSeq: number)
        }
        let items = [item(1, texts[0]), item(2, texts[1])]
        #expect(record.holds(items, from: 0) && record.holds([items[1]], from: 1) && record.holds([], from: 2))
        #expect(!record.holds([item(1, texts[1])], from: 0), "another text")
        #expect(!record.holds([item(3, texts[1])], from: 1), "another number")
        #expect(!record.holds([item(3, texts[1])], from: 2), "one too many")
    }

    @Test("the pad is what the edits up to the snapshot made, also for a snapshot that comes late")
    mutating func pads() {
        for (seq, letter) in zip(1..., ["a", "b", "c"]) as Zip2Sequence<PartialRangeFrom<UInt64>, [String]> {
            type(seq, letter)
            let ops = [TextOp.insert(Text(letter))]
            _ = record.show(event(seq, seq, .edit(target: .pad, ops: TextEdit(ops: ops))))
        }
        #expect([3, 1, 2, 0].map { record.pad(at: $0)?.string } == ["cba", "a", "ba", ""])
    }
}
