import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// Several cores share the viewers of one paste.
@Suite("Following")
struct FollowTests {
    // MARK: Who moves

    @Test("viewers are spread evenly from twice a shard's worth on, and not before", arguments: [5, 6, 7, 9, 12])
    func threshold(count: Int) {
        let crowd = Crowd(count, shards: 3, perShard: 3)
        let shares = min(3, count / 3)
        #expect(crowd.counts.filter { $0 > 0 }.count == (count < 6 ? 1 : shares))
        #expect(crowd.counts.max() == (count < 6 ? count : (count + shares - 1) / shares))
        #expect(crowd.counts.reduce(0, +) == count)
        #expect(crowd.home.pastes.count == 1 && crowd.bench.cores.allSatisfy { $0 === crowd.home || $0.pastes.isEmpty })
    }

    @Test("one shard follows nothing")
    func oneShard() {
        let crowd = Crowd(20, shards: 1, perShard: 2)
        #expect(crowd.counts == [20] && crowd.home.nextDeadline.map { $0 > crowd.bench.now } == true)
    }

    @Test("viewers move some at a time")
    func paced() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 1
            $0.movesPerRound = 2
        }
        let crowd = Crowd(10, on: bench)
        crowd.spread(for: bench.settings.spreadMilliseconds)
        #expect(crowd.away.count == 2)
        crowd.spread(for: bench.settings.spreadMilliseconds)
        #expect(crowd.away.count == 4)
        crowd.spread()
        #expect(crowd.away.count == 5)
    }

    @Test("who has output, a request in flight, half a message or a ping to answer is not moved")
    func busy() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 1
            $0.restMilliseconds = 0
        }
        let crowd = Crowd(4, on: bench)
        let (reader, asker, writer, silent) = (crowd[0], crowd[1], crowd[2], crowd[3])
        reader.reads = false
        silent.answersPings = false
        writer.write(Array(writer.wire.frame(.ping).prefix(3)))
        asker.append(1, "in flight")
        silent.session?.pingedAt = bench.now
        reader.session.map { crowd.home.send($0, .pong) }
        bench.pass(1_000)
        #expect(bench.underWay.isEmpty)
        for visitor in [reader, asker, writer, silent] { #expect(visitor.core == crowd.homeNumber) }
    }

    @Test("who asked for something stays at home for a while, and is moved then", arguments: [-1, 0] as [Milliseconds])
    func rests(offset: Milliseconds) {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.restMilliseconds = 10_000
            $0.spreadPauseMilliseconds = 1
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        for visitor in crowd.visitors { visitor.append(1, "a") }
        bench.settle()
        #expect(crowd.away.isEmpty)
        bench.pass(bench.settings.restMilliseconds + offset)
        bench.settle()
        #expect(crowd.away.count == (offset < 0 ? 0 : 2))
    }

    // MARK: What is shown

    @Test("every viewer is shown every event once and in order, wherever it lives, in the same bytes")
    func shown() {
        let crowd = Crowd(9, shards: 3, perShard: 3)
        for ref in 1...20 {
            crowd.atHome[0].append(UInt64(ref), "text \(ref)")
            if ref % 3 == 0 { crowd.bench.settle() }
        }
        crowd.bench.settle()
        let events = crowd[0].events
        #expect(events.map(\.cursor.seq) == Array(1...20))
        for visitor in crowd.visitors { #expect(visitor.events == events) }
        #expect(crowd.away.count == 6)
    }

    @Test("nothing goes to a follower before it is durable, and what is rolled back never does")
    func durable() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        crowd.atHome[0].append(1, "not yet")
        crowd.bench.tick()
        #expect(crowd.bench.commits.count == 1 && crowd.bench.mail.isEmpty)
        crowd.bench.answer(.full)
        #expect(crowd.bench.mail.isEmpty)
        crowd.bench.settle()
        #expect(crowd.visitors.allSatisfy { $0.events.isEmpty })
        crowd.atHome[0].append(2, "now")
        crowd.bench.settle()
        #expect(crowd.visitors.allSatisfy { $0.events.map(\.ref) == [2] })
    }

    @Test("a viewer that moves while events come misses none and gets none twice")
    func movesMeanwhile() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 1
            $0.movesPerRound = 1
        }
        let crowd = Crowd(6, on: bench)
        for ref in 1...12 {
            crowd[0].append(UInt64(ref), "a")
            bench.pass(10)
            if ref % 2 == 0 { bench.answer() }
            if ref % 3 == 0 { bench.arrive(at: crowd.followerNumber) }
        }
        crowd.spread()
        #expect(crowd.away.count >= 2)
        for visitor in crowd.visitors { #expect(visitor.events.map(\.cursor.seq) == Array(1...12)) }
    }

    // MARK: Coming home

    @Test("who asks for something comes home with the message, once, and is answered there")
    func asks() {
        let crowd = Crowd(6, shards: 2, perShard: 3)
        let (writer, other) = (crowd.away[0], crowd.atHome[0])
        let request = ClientMessage.request(ref: 1, .append(Text("from afar")), paste: nil)
        writer.say(request, request)
        #expect(crowd.bench.underWay.count == 1 && crowd.bench.commits.isEmpty)
        crowd.bench.settle()
        #expect(writer.core == crowd.homeNumber)
        #expect(writer.events.map(\.ref) == [1] && writer.receipts.count == 1 && other.events.map(\.ref) == [1])
        writer.heard = []
        writer.say(.ping)
        crowd.away[0].heard = []
        crowd.away[0].say(.ping)
        #expect(crowd.away[0].heard == [.pong] && crowd.bench.underWay.isEmpty, "that needs no paste")
    }

    @Test("who subscribes anew at a follower is served at home")
    func subscribesAnew() {
        let crowd = Crowd(6, shards: 2, perShard: 3)
        let visitor = crowd.away[0]
        visitor.say(.subscribe(paste: crowd.key, after: nil, pending: []))
        crowd.bench.settle()
        #expect(visitor.heard.contains { $0.isSnapshot } && visitor.core == crowd.homeNumber)
        #expect(crowd.live?.deviceCount == 6 && crowd.counts.reduce(0, +) == 6)
    }

    @Test("a slow reader elsewhere is filled from the copy and stays; nobody waits for it")
    func slow() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.outboxHighWaterBytes = 4_096
            $0.refillBytes = 2_048
            $0.appends = Rate(perSecond: 1_000, burst: 1_000)
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        let (slow, quick) = (crowd.away[0], crowd.away[1])
        slow.reads = false
        for ref in 1...40 {
            crowd.atHome[0].append(UInt64(ref), String(repeating: "x", count: 1_000))
            bench.settle()
            #expect((slow.session?.outbox.byteCount ?? 0) <= 4_096 + 1_400)
        }
        #expect(quick.events.count == 40)
        #expect((crowd.copy?.heldBytes ?? 0) > 30_000)
        slow.reads = true
        slow.flush()
        bench.settle()
        #expect(slow.core == crowd.followerNumber && slow.events.map(\.cursor.seq) == Array(1...40))
        #expect(crowd.copy?.heldBytes == 0, "what nobody is behind is not held")
        crowd.atHome[0].append(41, "level")
        bench.settle()
        #expect(slow.events.count == 41)
    }

    @Test("who is behind the copy comes home and gets the rest there", arguments: [0, 1])
    func behindCopy(isWithoutMemory: Int) {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.outboxHighWaterBytes = 2_048
            $0.refillBytes = 1_024
            $0.followedBytes = isWithoutMemory == 1 ? 1 << 20 : 5_000
            $0.visitors.openPasteBytes = isWithoutMemory == 1 ? 10_000 : 0
            $0.appends = Rate(perSecond: 1_000, burst: 1_000)
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        let slow = crowd.away[0]
        slow.reads = false
        for ref in 1...40 {
            crowd.atHome[0].append(UInt64(ref), String(repeating: "x", count: 1_000))
            bench.settle()
        }
        #expect((crowd.copy?.heldBytes ?? .max) <= 5_000, "bounded by its limit, and by the memory of all open pastes")
        slow.reads = true
        slow.flush()
        bench.settle()
        #expect(slow.core == crowd.homeNumber && slow.closeCode == nil)
        #expect(slow.events.map(\.cursor.seq) == Array(1...40))
    }

    @Test("a text that was removed is not in the copy either")
    func erased() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.outboxHighWaterBytes = 1_024
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        crowd.away[0].reads = false
        for ref in 1...4 {
            crowd.atHome[0].append(UInt64(ref), String(repeating: "x", count: 1_000))
            bench.settle()
        }
        #expect((crowd.copy?.heldBytes ?? 0) > 1_000)
        crowd.atHome[0].say(.request(ref: 5, .clear(through: 4), paste: nil))
        bench.settle()
        #expect((crowd.copy?.heldBytes ?? .max) < 1_000)
        crowd.away[0].reads = true
        crowd.visitors.forEach { $0.flush() }
        bench.settle()
        #expect(crowd.visitors.allSatisfy { $0.events.last?.cursor.seq == 5 || $0.heard.contains { $0.isSnapshot } })
    }

    // MARK: Feeding

    @Test("the mail to a follower is bounded by its window; it is a cursor until it has taken what it got")
    func window() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.followWindowBytes = 4_000
            $0.refillBytes = 1_000
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        for ref in 1...50 {
            crowd.atHome[0].append(UInt64(ref), String(repeating: "x", count: 300))
            bench.tick()
            bench.answer()
            #expect(crowd.bytesUnderWay <= 4_000 + 700)
        }
        #expect(crowd.away.allSatisfy { $0.events.isEmpty } && crowd.atHome[1].events.count == 50)
        bench.settle()
        for visitor in crowd.visitors { #expect(visitor.events.map(\.cursor.seq) == Array(1...50)) }
        #expect(crowd.live?.followers.first?.mode == .level)
        #expect(crowd.away.count == 2)
    }

    @Test("a follower that lags so far that the events are gone is recalled; its viewers get a snapshot at home")
    func recalled() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.followWindowBytes = 1
            $0.limits.heldEvents = 2
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        let away = crowd.away
        for ref in 1...10 {
            crowd.atHome[0].append(UInt64(ref), "x")
            bench.tick()
            bench.answer()
        }
        bench.settle()
        for visitor in away {
            guard case .snapshot(let snapshot)? = visitor.heard.last(where: { $0.isSnapshot }) else {
                #expect(Bool(false), "no snapshot")
                continue
            }
            #expect(snapshot.same && snapshot.cursor.seq == 10 && visitor.core == crowd.homeNumber)
        }
        #expect(bench.cores.allSatisfy { $0.followed.isEmpty })
        crowd.spread()
        #expect(crowd.away.count == 2, "that they were called is no reason to rest")
    }

    @Test("when the log is read anew, a follower goes on from its cursor")
    func readAnew() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        crowd.atHome[0].append(1, "a")
        crowd.bench.settle()
        crowd.atHome[0].append(2, "b")
        crowd.bench.tick()
        // Carried out, and the answer says that another head was found.
        crowd.bench.answer(.conflict(head: Cursor(seq: 2, tag: 0)), isDone: true)
        crowd.bench.settle()
        for visitor in crowd.visitors { #expect(visitor.events.map(\.ref) == [1, 2]) }
        #expect(crowd.away.count == 2)
    }

    @Test("a follower's word about an earlier time of following changes nothing")
    func staleWord() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 1
            $0.followWindowBytes = 2
        }
        let crowd = Crowd(2, on: bench)
        crowd.spread()
        let old = crowd.away[0]
        crowd.atHome[0].append(1, "a")
        bench.tick()
        bench.answer()
        bench.arrive(at: crowd.followerNumber)
        // That it has taken the event is under way while its only viewer is replaced, and the newer one moved there.
        let new = crowd.again(old, core: crowd.homeNumber)
        bench.pass(bench.settings.spreadMilliseconds)
        bench.settle()
        #expect(new.core == crowd.followerNumber && old.isClosed)
        #expect(crowd.live?.followers.first?.untakenBytes == 0)
        crowd.atHome[0].append(2, "b")
        bench.settle()
        #expect(new.events.map(\.ref) == [2] && crowd.atHome[0].events.map(\.ref) == [1, 2])
    }
}
