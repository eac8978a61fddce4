// What a paste does with a request, before and behind the store.

import Benchmark
import PasteModel

func measureModel() {
    let typed = TextEdit(ops: [.retain(4_711), .insert(Text("x"))])
    let other = TextEdit(ops: [.retain(17), .insert(Text("word")), .retain(30), .delete(3)])
    Benchmark("transform: a key press over an edit") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(typed.transformed(over: other)) }
    }
    let long = TextEdit(ops: (0..<100).flatMap { _ in [TextOp.retain(20), .insert(Text("word")), .delete(2)] })
    Benchmark("transform: 300 steps over 300 steps") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(long.transformed(over: long)) }
    }
    Benchmark("log: append 256 B and commit") { benchmark in
        let paste = Paste(new: PasteState(generation: 1, createdAt: 0, expiresAt: .max), limits: roomy)
        let text = Text(String(repeating: "x", count: 256))
        var ref: UInt64 = 0
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            ref += 1
            blackHole(paste.perform(.append(text), by: Author(rawValue: 1), ref: ref, now: 1))
            blackHole(paste.takeBatch())
            blackHole(paste.commit())
        }
    }
    Benchmark("log: what follows a cursor, 10 events of 256 B") { benchmark in
        let paste = Paste(new: PasteState(generation: 1, createdAt: 0, expiresAt: .max), limits: roomy)
        let text = Text(String(repeating: "x", count: 256))
        var cursors: [Cursor] = []
        for ref in 1...100 as ClosedRange<UInt64> {
            _ = paste.perform(.append(text), by: Author(rawValue: 1), ref: ref, now: 1)
            _ = paste.takeBatch()
            cursors += paste.commit().map(\.cursor)
        }
        let from = cursors[89]
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(paste.next(after: from, maxBytes: 1 << 20)) }
    }
}

private var roomy: Limits {
    var limits = Limits()
    limits.items = 10_000_000
    limits.pasteBytes = 1 << 40
    return limits
}
