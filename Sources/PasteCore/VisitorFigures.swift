// The limits in metrics: by class, never by address.

/// What `Visitors` counted since its start, and what is used now.
public struct VisitorFigures: Sendable {
    struct Hit: Hashable {
        let limit: String
        let scope: Verdict.Scope
    }

    let hits: [Hit: UInt64]
    let waiting: [Int]
    /// Addresses that are remembered.
    public let addresses: Int
    /// Addresses that were forgotten with something on their account.
    public let forgotten: UInt64
    /// Bytes of messages that have begun and are not handled yet.
    public let inputBytes: Int
    /// Bytes of text in open pastes.
    public let openPasteBytes: Int
    /// What the store holds.
    public let store: StoreLevel

    /// How often a limit was hit, by its name in metrics.
    public func hits(_ limit: String, _ scope: Verdict.Scope) -> UInt64 {
        hits[Hit(limit: limit, scope: scope)] ?? 0
    }

    /// How many wait for their turn.
    public func waiting(_ limit: PacedLimit) -> Int { waiting[limit.rawValue] }

    /// One family of metrics in Prometheus' sense.
    public struct Family: Sendable {
        /// The name without prefix and without `_total`.
        public let name: String
        /// What it says.
        public let help: String
        /// Whether it only rises.
        public let isCounter: Bool
        /// Its samples: labels as `{name="value"}` or empty, and the number.
        public let samples: [(labels: String, value: Int)]
    }

    /// Everything, with the limits in force.
    public func families(_ limits: VisitorLimits) -> [Family] {
        func labels(_ limit: String, _ scope: Verdict.Scope) -> String {
            "{limit=\"\(limit)\",scope=\"\(scope)\"}"
        }
        let all = limits.all
        return [
            Family(
                name: "limit_hits", help: "Times that a limit made somebody wait or refused something.",
                isCounter: true,
                samples: all.map { (labels($0.name, $0.scope), Int(clamping: hits($0.name, $0.scope))) }),
            Family(
                name: "visitor_limit", help: "Limits in force; 0: none. Paces by their period, see the settings.",
                isCounter: false, samples: all.map { (labels($0.name, $0.scope), $0.value) }),
            Family(
                name: "limit_waiting", help: "Connections that wait for their turn.", isCounter: false,
                samples: PacedLimit.allCases.map { ("{limit=\"\($0.name)\"}", waiting($0)) }),
            Family(
                name: "remembered_addresses", help: "Addresses whose use is remembered.", isCounter: false,
                samples: [("", addresses)]),
            Family(
                name: "forgotten_addresses", help: "Addresses forgotten for want of room before their time.",
                isCounter: true, samples: [("", Int(clamping: forgotten))]),
            Family(
                name: "input_bytes", help: "Bytes of large messages that have begun and are not handled yet.",
                isCounter: false, samples: [("", inputBytes)]),
            Family(
                name: "open_paste_bytes", help: "Bytes of text in pastes that are open, and so in memory.",
                isCounter: false, samples: [("", openPasteBytes)]),
            Family(
                name: "stored_bytes", help: "Bytes that the store holds.", isCounter: false,
                samples: [("", store.bytes)]),
            Family(
                name: "stored_pastes", help: "Pastes that the store holds.", isCounter: false,
                samples: [("", store.pastes)]),
        ]
    }
}

extension PacedLimit {
    /// Its name in metrics.
    var name: String {
        switch self {
        case .handshakes: "handshakes"
        case .requests: "requests"
        case .bytes: "bytes"
        case .misses: "misses"
        case .pastes: "pastes"
        case .storedBytes: "stored_bytes"
        }
    }
}

extension VisitorLimits {
    /// Every limit by its name in metrics.
    var all: [(name: String, scope: Verdict.Scope, value: Int)] {
        var all: [(name: String, scope: Verdict.Scope, value: Int)] = []
        for (scope, share) in [(Verdict.Scope.address, perAddress), (.total, total)] {
            for limit in PacedLimit.allCases {
                // What everybody may store is no pace but a level.
                let level: Int? = limit == .pastes ? pastes : limit == .storedBytes ? storedBytes : nil
                let value = scope == .total ? level ?? share[limit].count : share[limit].count
                all.append((limit.name, scope, value))
            }
            all.append(("connections", scope, share.connections))
            all.append(("input_bytes", scope, share.inputBytes))
        }
        all.append(("open_paste_bytes", .total, openPasteBytes))
        return all
    }
}
