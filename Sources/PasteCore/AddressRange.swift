// Addresses as limits see them: networks, and ranges that an operator names.

/// The network that limits count as one visitor: an IPv4 address, or an IPv6 /64, since one line gets a whole /64.
struct Network: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ peer: PeerAddress) {
        high = peer.high
        low = peer.isIPv4 ? peer.low : 0
    }
}

extension PeerAddress {
    /// Whether it is an IPv4 address, which is `::ffff:a.b.c.d` here.
    var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The address that a text spells: `192.0.2.1` or `2001:db8::1`; `nil` if it spells none.
    public init?(_ text: some StringProtocol) {
        if let bytes = fourBytes(text) {
            self.init(high: 0, low: 0xffff_0000_0000 | bytes)
            return
        }
        guard let groups = eightGroups(text) else { return nil }
        func word(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        self.init(high: word(groups[..<4]), low: word(groups[4...]))
    }
}

/// Addresses with the same first bits.
public struct AddressRange: Hashable, Sendable {
    private let first: PeerAddress
    private let highMask: UInt64
    private let lowMask: UInt64

    /// The range that a text spells: an address, or an address and the number of its leading bits that count,
    /// `192.0.2.0/24`, `2001:db8::/32`; `nil` if it spells none.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let spelled = parts.first, let address = PeerAddress(spelled) else { return nil }
        let unused = address.isIPv4 ? 96 : 0
        var bits = 128
        if parts.count > 1 {
            guard let number = Int(parts[1]), number >= 0, number <= 128 - unused else { return nil }
            bits = number + unused
        }
        highMask = bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
        lowMask = bits >= 128 ? .max : bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
        first = PeerAddress(high: address.high & highMask, low: address.low & lowMask)
    }

    /// Whether an address is one of these.
    public func contains(_ address: PeerAddress) -> Bool {
        address.high & highMask == first.high && address.low & lowMask == first.low
    }
}

/// The bytes of `192.0.2.1`.
private func fourBytes(_ text: some StringProtocol) -> UInt64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var result: UInt64 = 0
    for part in parts {
        guard part.utf8.count <= 3, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byte = UInt8(part) else {
            return nil
        }
        result = result << 8 | UInt64(byte)
    }
    return result
}

/// The groups of `2001:db8::192.0.2.1` (RFC 4291 section 2.2).
private func eightGroups(_ text: some StringProtocol) -> [UInt16]? {
    let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count > 1 else {
        return groups(of: text, mayEndInIPv4: true).flatMap { $0.count == 8 ? $0 : nil }
    }
    guard let first = groups(of: halves[0], mayEndInIPv4: false), let last = groups(of: halves[1], mayEndInIPv4: true),
        first.count + last.count < 8
    else { return nil }
    return first + Array(repeating: 0, count: 8 - first.count - last.count) + last
}

private func groups(of text: some StringProtocol, mayEndInIPv4: Bool) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
        if mayEndInIPv4, index == parts.count - 1, let bytes = fourBytes(part) {
            groups += [UInt16(truncatingIfNeeded: bytes >> 16), UInt16(truncatingIfNeeded: bytes)]
        } else {
            let isNumber = (1...4).contains(part.utf8.count) && part.allSatisfy(\.isHexDigit)
            guard isNumber, let group = UInt16(part, radix: 16) else { return nil }
            groups.append(group)
        }
    }
    return groups
}
