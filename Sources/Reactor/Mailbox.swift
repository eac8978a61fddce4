// What other threads leave for a loop.

import Synchronization

/// A bounded first-in-first-out queue into one loop. Any thread posts, the loop's takes all at once. It wakes
/// the loop only when it was empty.
public final class Mailbox<Message: Sendable>: Sendable {
    /// How many messages it holds before `post` refuses.
    public let capacity: Int
    private let loop: EventLoop
    private let waiting = Mutex<[Message]>([])

    /// A mailbox whose messages `loop`'s handler takes in its tick.
    public init(of loop: EventLoop, capacity: Int) {
        self.loop = loop
        self.capacity = capacity
    }

    /// Leaves a message behind those before it. False: the mailbox is full and the message was not taken.
    public func post(_ message: Message) -> Bool {
        let count = waiting.withLock { waiting -> Int in
            guard waiting.count < capacity else { return 0 }
            waiting.append(message)
            return waiting.count
        }
        if count == 1 { loop.wake() }
        return count > 0
    }

    /// Leaves a message that something else bounds, such as an answer to one of a bounded number of questions:
    /// it is always taken.
    public func deliver(_ message: Message) {
        let wasEmpty = waiting.withLock { waiting in
            waiting.append(message)
            return waiting.count == 1
        }
        if wasEmpty { loop.wake() }
    }

    /// How many messages wait.
    public var count: Int { waiting.withLock { $0.count } }

    /// Takes all messages, oldest first, in exchange for an array whose room is used again. Its content goes.
    public func take(into messages: inout [Message]) {
        messages.removeAll(keepingCapacity: true)
        waiting.withLock { waiting in
            guard !waiting.isEmpty else { return }
            swap(&waiting, &messages)
        }
    }
}
