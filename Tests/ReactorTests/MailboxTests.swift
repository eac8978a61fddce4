import Reactor
import Synchronization
import Testing

@Suite struct MailboxTests {
    @Test("messages of each sender arrive once and in order, and a burst wakes the loop seldom")
    func order() async throws {
        let loop = try EventLoop()
        let recorder = Recorder(loop)
        try loop.start(recorder, name: "mailbox")
        let perSender = 20_000
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask {
                    for number in 0..<perSender {
                        #expect(recorder.mailbox.post(sender * perSender + number))
                    }
                }
            }
        }
        #expect(await eventually { recorder.log.state.withLock { $0.messages.count } == 4 * perSender })
        let messages = recorder.log.state.withLock { $0.messages }
        for sender in 0..<4 {
            let mine = messages.filter { $0 / perSender == sender }
            #expect(mine == Array(sender * perSender..<(sender + 1) * perSender))
        }
        #expect(loop.statistics.enqueues == 0)
        loop.stop()
        await loop.waitUntilStopped()
    }

    @Test("order holds between shards: a message that goes round four loops comes back in order")
    func ring() async throws {
        let loops = try (0..<4).map { _ in try EventLoop() }
        let end = Log()
        let boxes = loops.map { Mailbox<Int>(of: $0, capacity: 100_000) }
        for index in 0..<4 {
            try loops[index].start(
                Forwarder(loops[index], boxes[index], to: index < 3 ? boxes[index + 1] : nil, end),
                name: "ring-\(index)")
        }
        for number in 0..<10_000 { #expect(boxes[0].post(number)) }
        #expect(await eventually { end.state.withLock { $0.messages.count } == 10_000 })
        #expect(end.state.withLock { $0.messages } == Array(0..<10_000))
        for loop in loops {
            loop.stop()
            await loop.waitUntilStopped()
        }
    }

    @Test("a full mailbox refuses, and what is bounded elsewhere still gets in")
    func bounded() throws {
        let mailbox = Mailbox<Int>(of: try EventLoop(), capacity: 2)
        #expect(mailbox.post(1))
        #expect(mailbox.post(2))
        #expect(!mailbox.post(3))
        mailbox.deliver(4)
        var taken: [Int] = []
        mailbox.take(into: &taken)
        #expect(taken == [1, 2, 4])
        mailbox.take(into: &taken)
        #expect(taken.isEmpty)
    }
}

actor Forwarder: TickHandler {
    private let loop: EventLoop
    private let source: Mailbox<Int>
    private let target: Mailbox<Int>?
    private let end: Log
    private var messages: [Int] = []
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActor }

    init(_ loop: EventLoop, _ source: Mailbox<Int>, to target: Mailbox<Int>?, _ end: Log) {
        (self.loop, self.source, self.target, self.end) = (loop, source, target, end)
    }

    func tick(_ ready: [Readiness], now: Int64) -> Int64 {
        source.take(into: &messages)
        for message in messages {
            if let target { _ = target.post(message) } else { end.state.withLock { $0.messages.append(message) } }
        }
        return Tick.never
    }
}
