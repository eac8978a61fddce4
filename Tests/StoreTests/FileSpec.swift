// What the database's files promise: restarts, modes, locks, versions, limits of the queue, and no bytes left.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Seeded
import Testing

@Suite("SQLiteStore: files", .serialized) struct FileSpec {
    private func withStore<Result>(
        in directory: String, _ change: (inout SQLiteSettings) -> Void = { _ in },
        _ body: (SQLiteStore) throws -> Result
    ) throws -> Result {
        var settings = SQLiteSettings(directory: directory)
        change(&settings)
        let store = try SQLiteStore(settings)
        defer { store.close() }
        return try body(store)
    }

    @Test("After a restart everything is there, and a batch whose answer was lost is known")
    func restart() throws {
        try withDirectory { directory in
            var log = LogWriter(paste(1), generation: 3)
            let origin = log.head
            let first = log.append("one")
            var second = first
            try withStore(in: directory) { store in
                _ = try store.create(log.id, generation: 3)
                #expect(try store.commit(log.id, origin, [first]) == .success(first.cursor))
                second = log.append("two")
                // The answer never reaches anybody.
                store.submit([.commit(log.id, expected: first.cursor, events: [second])], answersTo: TestSink())
            }
            try withStore(in: directory) { store in
                #expect(try store.create(log.id, generation: 3) == .success(origin))
                #expect(try store.commit(log.id, origin, [first]) == .success(first.cursor))
                #expect(try store.commit(log.id, first.cursor, [second]) == .success(second.cursor))
                #expect(try store.open(log.id).get().events == [first, second])
                _ = try store.checkpoint(log.id, log.state)
            }
            try withStore(in: directory) { store in
                let stored = try store.open(log.id).get()
                #expect(stored.checkpoint == log.state)
                #expect(try store.commit(log.id, origin, [first]) == .success(first.cursor))
            }
        }
    }

    @Test("Closing decides and answers what waits; later requests are told")
    func closing() throws {
        try withDirectory { directory in
            let store = try SQLiteStore(SQLiteSettings(directory: directory))
            let sink = TestSink()
            var log = LogWriter(paste(1), generation: 1)
            store.submit([.create(log.id, generation: 1, at: 0, expiresAt: 9)], answersTo: sink)
            for _ in 0..<500 {
                let expected = log.head
                store.submit([.commit(log.id, expected: expected, events: [log.append("x")])], answersTo: sink)
            }
            store.submit([.open(log.id)], answersTo: sink)
            store.close()
            store.close()
            let answers = try #require(sink.take(502, within: 0))
            guard case .opened(_, .success(let stored))? = answers.last else { throw NoAnswer() }
            #expect(stored.events.count == 500)
            guard case .failure(.unavailable) = try store.open(log.id) else { throw NoAnswer() }
            // The log is folded in: the database alone is whole.
            #expect(!FileManager.default.fileExists(atPath: directory + "/pasted.sqlite-wal"))
        }
    }

    @Test("The queue's limits refuse exactly what is over them, with busy", arguments: [-1, 0, 1])
    func busy(over: Int) throws {
        try withDirectory { directory in
            try withStore(in: directory, { $0.queuedRequests = 10 }) { store in
                let answers = try store.ask((0..<10 + over).map { .remove(paste(UInt64($0)), tombstoneUntil: 1) })
                let busy = answers.count { if case .removed(_, .failure(.busy)) = $0 { true } else { false } }
                #expect(busy == max(0, over))
            }
            var log = LogWriter(paste(77), generation: 1)
            let expected = log.head
            let event = log.append(String(repeating: "x", count: 1_000))
            // A request is counted with 128 bytes, and each of its events with 128 and its text.
            let bytes = 2 * (128 + 128 + 1_000)
            try withStore(in: directory, { $0.queuedBytes = bytes - over }) { store in
                let request = StoreRequest.commit(log.id, expected: expected, events: [event])
                let answers = try store.ask([request, request])
                let busy = answers.count { if case .committed(_, _, .failure(.busy)) = $0 { true } else { false } }
                #expect(busy == max(0, over))
            }
            try withStore(in: directory, { $0.queuedBytes = 1 }) { store in
                let created = try store.create(log.id, generation: 1)
                #expect(created == .success(expected))
                // One request is let in whatever its size, or it would be busy for ever.
                #expect(try store.commit(log.id, expected, [event]) == .success(event.cursor))
            }
        }
    }

    @Test("The directory is made with mode 0700 and the files with 0600")
    func modes() throws {
        try withDirectory { parent in
            let directory = parent + "/a/state"
            try withStore(in: directory) { store in
                _ = try store.create(paste(1), generation: 1)
                func mode(_ path: String) throws -> Int? {
                    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                }
                #expect(try mode(directory) == 0o700)
                let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
                #expect(files == ["pasted.lock", "pasted.sqlite", "pasted.sqlite-shm", "pasted.sqlite-wal"])
                for file in files { #expect(try mode(directory + "/" + file) == 0o600, "\(file)") }
            }
        }
    }

    @Test("A second server on one database is refused, until the first has closed it")
    func lock() throws {
        try withDirectory { directory in
            let first = try SQLiteStore(SQLiteSettings(directory: directory))
            #expect(throws: SQLiteStoreError.inUse(file: directory + "/pasted.sqlite")) {
                try SQLiteStore(SQLiteSettings(directory: directory))
            }
            first.close()
            try withStore(in: directory) { #expect($0.status == .ready) }
        }
    }

    @Test("A database of a later version, a file that is none, and a forbidden directory get a sentence each")
    func refusals() throws {
        try withDirectory { directory in
            let file = directory + "/pasted.sqlite"
            try withStore(in: directory) { _ = try $0.create(paste(1), generation: 1) }
            let good = try Data(contentsOf: URL(fileURLWithPath: file))
            var later = good
            // The user version: four bytes at 60 (file format, 1.3).
            later.replaceSubrange(60..<64, with: [0, 0, 0, 99])
            try later.write(to: URL(fileURLWithPath: file))
            #expect(throws: SQLiteStoreError.newerSchema(file: file, found: 99, known: 2)) {
                try SQLiteStore(SQLiteSettings(directory: directory))
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == later)
            try Data(repeating: 0x55, count: 5_000).write(to: URL(fileURLWithPath: file))
            #expect(throws: SQLiteStoreError.unreadable(file: file, reason: "file is not a database")) {
                try SQLiteStore(SQLiteSettings(directory: directory))
            }
            // A refusal holds no lock.
            try good.write(to: URL(fileURLWithPath: file))
            try withStore(in: directory) { store in
                let taken = try store.create(paste(1), generation: 2)
                #expect(taken == .failure(.exists))
            }
        }
        try withDirectory { directory in
            try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory)
            let sentence = try Child(["open", directory]).wait()
            #expect(sentence.contains("can't be used for the database: Permission denied"), "\(sentence)")
        }
    }

    @Test("What was removed is in no file, within the stated bound; what stays is whole", arguments: [UInt64(1), 2, 3])
    func goneMeansGone(seed: UInt64) throws {
        try withDirectory { directory in
            var random = SplitMix64(seed: seed)
            let delay: Duration = .milliseconds(300)
            // Events are moved never, and often.
            let recent = seed == 1 ? 4_096 : 32
            try withStore(in: directory, { ($0.erasureDelay, $0.recentEvents) = (delay, recent) }) { store in
                var logs = (UInt64(0)..<40).map { LogWriter(paste($0), generation: $0) }
                var isLive = logs.map { _ in true }
                var goneMarks: Set<String> = []
                for log in logs { _ = try store.create(log.id, generation: log.head.tag) }
                for _ in 0..<1_500 {
                    let index = Int.random(in: 0..<logs.count, using: &random)
                    guard isLive[index] else { continue }
                    switch Int.random(in: 0..<100, using: &random) {
                    case 0 where isLive.count(where: { $0 }) > 20:
                        try store.remove(logs[index].id)
                        isLive[index] = false
                        goneMarks.formUnion(logs[index].marks(of: logs[index].events))
                    case 1..<10 where !logs[index].state.items.isEmpty:
                        let item = logs[index].state.items.randomElement(using: &random)?.number ?? 0
                        try commit(&logs[index], .remove(item: item), to: store)
                        goneMarks.insert(logs[index].mark(item))
                    case 10..<15:
                        _ = try store.checkpoint(logs[index].id, logs[index].state).get()
                    case 15..<25:
                        // Typed on the pad in two strokes, then kept: the edits hold the text too.
                        let mark = logs[index].mark(logs[index].state.nextItem)
                        let length = mark.unicodeScalars.count
                        try commit(
                            &logs[index], .edit(target: .pad, ops: TextEdit(ops: [.insert(Text(mark))])), to: store)
                        try commit(
                            &logs[index],
                            .edit(target: .pad, ops: TextEdit(ops: [.retain(length), .insert(Text(mark))])), to: store)
                        let (item, pad) = (logs[index].state.nextItem, logs[index].state.pad)
                        try commit(&logs[index], .keep(item: item, text: pad), to: store)
                    default:
                        let mark = logs[index].mark(logs[index].state.nextItem)
                        let copies = [1, 2, 5, 30, 400].randomElement(using: &random) ?? 1
                        try logs[index].commitAppend(String(repeating: mark, count: copies), to: store)
                    }
                }
                let deadline = Date(timeIntervalSinceNow: 10)
                var left = try marks(goneMarks, in: directory)
                while !left.isEmpty, Date() < deadline {
                    Thread.sleep(forTimeInterval: 0.1)
                    left = try marks(goneMarks, in: directory)
                }
                #expect(goneMarks.count > 50)
                #expect(left.isEmpty, "seed \(seed): \(left.count) of \(goneMarks.count): \(left.prefix(3))")
                for (log, isLive) in zip(logs, isLive) where isLive {
                    let stored = try store.open(log.id).get()
                    #expect(try stored.checkpoint.replaying(stored.events, limits: Limits()) == log.state)
                    let texts = Set(log.state.items.map { log.mark($0.number) })
                    #expect(try marks(texts, in: directory) == texts, "the search finds what is there")
                }
            }
        }
    }

    private func commit(_ log: inout LogWriter, _ body: EventBody, to store: SQLiteStore) throws {
        let expected = log.head
        let event = log.next(body)
        #expect(try store.commit(log.id, expected, [event]) == .success(event.cursor))
    }

    /// Which of these are in any file.
    private func marks(_ marks: Set<String>, in directory: String) throws -> Set<String> {
        var found: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: directory + "/" + file)))
            // A mark is `<` and 15 more bytes.
            for start in bytes.indices.dropLast(15) where bytes[start] == 0x3c {
                let mark = String(decoding: bytes[start..<start + 16], as: UTF8.self)
                if marks.contains(mark) { found.insert(mark) }
            }
        }
        return found
    }
}

extension LogWriter {
    /// What an item's text is made of: sixteen bytes that occur nowhere else.
    func mark(_ item: UInt64) -> String {
        "<" + String(repeating: "0", count: 14 - "\(id.low)-\(item)".count) + "\(id.low)-\(item)>"
    }

    func marks(of events: [Event]) -> [String] {
        events.compactMap { event in
            switch event.body {
            case .append(let item, _), .keep(let item, _): mark(item)
            default: nil
            }
        }
    }
}
