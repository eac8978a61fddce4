/// A device's own secret: 128 random bits that it keeps across reconnects and that nobody else is shown.
/// On the wire: exactly 32 hexadecimal digits of either case.
public struct ClientSecret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    private let high: UInt64
    private let low: UInt64

    /// A secret from its two halves, big-endian.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A secret from its digits; nil if they are not exactly 32 hexadecimal ones.
    public init?(hexadecimal digits: [UInt8]) {
        guard digits.count == 32,
            let high = UInt64(hexadecimal: digits[..<16]), let low = UInt64(hexadecimal: digits[16...])
        else { return nil }
        self.init(high: high, low: low)
    }

    /// The 16 bytes: what authors are hashed from.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// Never the secret: descriptions end in logs.
    public var description: String { "ClientSecret(redacted)" }

    /// Nothing: what shows a value's parts may not show these.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Appends the 32 digits.
    func append(to output: inout [UInt8]) {
        output.append(line: {
            $0.append(hexadecimal: high)
            $0.append(hexadecimal: low)
        })
    }
}
