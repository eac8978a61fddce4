// What a paste remembers of one device, so that a request that is asked again takes effect once.

import DequeModule

/// What is remembered of one device's requests.
public struct ClientRecord: Hashable, Sendable {
    private var held: Deque<Receipt>
    /// Whether older receipts were dropped: then an unknown `ref` below the first held one is refused.
    public private(set) var isTruncated: Bool

    /// A record from its parts.
    public init(receipts: [Receipt] = [], isTruncated: Bool = false) {
        held = Deque(receipts)
        self.isTruncated = isTruncated
    }

    /// The last `Limits.rememberedRefs` requests that took effect, ascending by `ref`.
    public var receipts: some RandomAccessCollection<Receipt> { held }

    /// The receipt of that request, if it is remembered.
    public func receipt(of ref: UInt64) -> Receipt? {
        let index = firstIndex(atOrBehind: ref)
        return index < held.count && held[index].ref == ref ? held[index] : nil
    }

    /// Whether it can't be told any more whether this unremembered `ref` took effect.
    public func isStale(_ ref: UInt64) -> Bool {
        isTruncated && ref < (held.first?.ref ?? .max)
    }

    mutating func add(_ receipt: Receipt, limit: Int) {
        let index = firstIndex(atOrBehind: receipt.ref)
        if index == held.count { held.append(receipt) } else { held.insert(receipt, at: index) }
        while held.count > limit, held.popFirst() != nil { isTruncated = true }
    }

    private func firstIndex(atOrBehind ref: UInt64) -> Int {
        // Nearly always the end: refs rise.
        guard let last = held.last, last.ref >= ref else { return held.count }
        return held.firstIndex(behind: { $0.ref >= ref })
    }
}
