// Writes until it is killed, and says on the standard output what was acknowledged.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore

/// Every acknowledged head becomes a line `PASTE SEQ TAG`, written before anything else happens.
final class Acknowledgements: StoreSink {
    let wake = DispatchSemaphore(value: 0)

    func deliver(_ answers: [StoreAnswer]) {
        var lines = ""
        for answer in answers {
            switch answer {
            case .committed(let id, _, .success(let head)): lines += "\(id.low) \(head.seq) \(head.tag)\n"
            case .created(_, _, .success), .checkpointed(_, .success): break
            default: lines += "unexpected \(answer)\n"
            }
        }
        FileHandle.standardOutput.write(Data(lines.utf8))
        for _ in answers { wake.signal() }
    }
}

/// The text of an event, so that the reader can check it without being told.
func text(of cursor: Cursor) -> String {
    let size = cursor.tag % 50 == 0 ? 40_000 : Int(cursor.tag % 300)
    return "\(cursor.seq):" + String(repeating: "t", count: size)
}

func writeUntilKilled(directory: String, seed: UInt64) throws {
    let pastes: UInt64 = 40
    var settings = SQLiteSettings(directory: directory)
    // So that it is killed in the middle of moves and of copying the log, too.
    settings.recentEvents = 100
    settings.walPages = 500
    let store = try SQLiteStore(settings)
    let sink = Acknowledgements()
    var states: [PasteState] = []
    for number in 0..<pastes {
        let id = PasteID(high: 0, low: number)
        store.submit([.create(id, generation: number, at: 0, expiresAt: .max)], answersTo: sink)
        sink.wake.wait()
        let opened = Opened()
        store.submit([.open(id)], answersTo: opened)
        guard let stored = opened.take() else {
            print("unexpected: paste \(number) can't be opened")
            exit(1)
        }
        states.append(try stored.checkpoint.replaying(stored.events, limits: Limits()))
    }
    var round = seed
    while true {
        round &+= 1
        var requests: [StoreRequest] = []
        for number in 0..<pastes {
            let index = Int(number)
            let id = PasteID(high: 0, low: number)
            let expected = states[index].cursor
            let events = (0...(round &+ number) % 3).map { _ in
                let state = states[index]
                let author = Author(rawValue: number)
                let cursor = state.cursor.advanced(by: author, ref: state.cursor.seq + 1)
                let body = EventBody.append(item: state.nextItem, text: Text(text(of: cursor)))
                let event = Event(cursor: cursor, at: 0, author: author, ref: cursor.seq, body: body)
                states[index] = (try? state.replaying([event], limits: Limits())) ?? state
                return event
            }
            requests.append(.commit(id, expected: expected, events: events))
            if (round &+ number) % 23 == 0 { requests.append(.checkpoint(id, state: states[index])) }
        }
        store.submit(requests, answersTo: sink)
        for _ in requests { sink.wake.wait() }
    }
}

/// Waits for the answer to `open`.
final class Opened: StoreSink {
    private let box = CountingBox()

    func deliver(_ answers: [StoreAnswer]) {
        guard case .opened(_, let result)? = answers.first else { return }
        box.put(try? result.get())
    }

    func take() -> StoredPaste? { box.take() }
}
