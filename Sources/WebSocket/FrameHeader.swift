/// What a frame is (RFC 6455 section 5.2). The values 3 to 7 and 11 to 15 are reserved.
public enum Opcode: UInt8, Hashable, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
}

/// The header of one frame, as it was sent: nothing is judged yet but where it ends (RFC 6455 section 5.2).
public struct FrameHeader: Hashable, Sendable {
    /// FIN: this is the last frame of its message.
    public var isFinal: Bool
    /// RSV1 to RSV3 as the bits 4, 2 and 1; all 0 without an extension.
    public var reservedBits: UInt8
    /// The opcode's four bits, reserved ones included.
    public var rawOpcode: UInt8
    /// The masking key, its first byte on the wire in the lowest bits; nil for a frame without one.
    public var maskingKey: UInt32?
    /// Bytes of payload that are announced; up to 64 bits.
    public var payloadBytes: UInt64
    /// Bytes that the length took: 1, 3 or 9.
    public var lengthBytes: Int

    /// A header with the shortest length.
    public init(
        _ opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, maskingKey: UInt32? = nil, payloadBytes: Int
    ) {
        self.isFinal = isFinal
        self.reservedBits = isCompressed ? 4 : 0
        self.rawOpcode = opcode.rawValue
        self.maskingKey = maskingKey
        self.payloadBytes = UInt64(payloadBytes.magnitude)
        self.lengthBytes = FrameHeader.lengthBytes(for: self.payloadBytes)
    }

    /// RSV1 and no other reserved bit: with permessage-deflate, the first frame of a compressed message (RFC 7692
    /// section 6).
    var isCompressed: Bool { reservedBits == 4 }

    /// The fewest bytes that can say a length.
    static func lengthBytes(for payloadBytes: UInt64) -> Int {
        payloadBytes < 126 ? 1 : payloadBytes <= 0xFFFF ? 3 : 9
    }

    /// The most bytes of a header: 2, a 64-bit length and a masking key.
    static let maximumBytes = 14

    /// Bytes of this header on the wire.
    var byteCount: Int { 1 &+ lengthBytes &+ (maskingKey == nil ? 0 : 4) }

    /// Bytes of the header that begins with these two.
    static func byteCount(_ second: UInt8) -> Int {
        let length = second & 0x7F
        return 2 &+ (length == 126 ? 2 : length == 127 ? 8 : 0) &+ (second & 0x80 == 0 ? 0 : 4)
    }

    /// Reads a header that is whole in `bytes` from `start` on; nil if bytes are missing.
    @inline(__always)
    init?(_ bytes: borrowing Span<UInt8>, at start: Int) {
        guard start &+ 2 <= bytes.count else { return nil }
        let first = bytes[start]
        let second = bytes[start &+ 1]
        guard start &+ FrameHeader.byteCount(second) <= bytes.count else { return nil }
        isFinal = first & 0x80 != 0
        reservedBits = first >> 4 & 0x7
        rawOpcode = first & 0xF
        var index = start &+ 2
        switch second & 0x7F {
        case 126: lengthBytes = 3
        case 127: lengthBytes = 9
        default: lengthBytes = 1
        }
        var length = lengthBytes == 1 ? UInt64(second & 0x7F) : 0
        while index < start &+ 1 &+ lengthBytes {
            length = length &<< 8 | UInt64(bytes[index])
            index &+= 1
        }
        payloadBytes = length
        if second & 0x80 != 0 {
            maskingKey =
                UInt32(bytes[index]) | UInt32(bytes[index &+ 1]) &<< 8 | UInt32(bytes[index &+ 2]) &<< 16
                | UInt32(bytes[index &+ 3]) &<< 24
        } else {
            maskingKey = nil
        }
    }

    /// Writes the header as it goes over the wire into the first ``byteCount`` bytes.
    func write(into bytes: inout MutableSpan<UInt8>) {
        bytes[0] = (isFinal ? 0x80 : 0) | reservedBits &<< 4 | rawOpcode
        let mask: UInt8 = maskingKey == nil ? 0 : 0x80
        switch lengthBytes {
        case 1: bytes[1] = mask | UInt8(truncatingIfNeeded: payloadBytes)
        case 3: bytes[1] = mask | 126
        default: bytes[1] = mask | 127
        }
        var index = 2
        var shift = (lengthBytes &- 2) &* 8
        while shift >= 0 {
            bytes[index] = UInt8(truncatingIfNeeded: payloadBytes &>> UInt64(shift))
            index &+= 1
            shift &-= 8
        }
        if let key = maskingKey {
            for shift: UInt32 in [0, 8, 16, 24] {
                bytes[index] = UInt8(truncatingIfNeeded: key &>> shift)
                index &+= 1
            }
        }
    }
}

/// A header that came in pieces: its bytes so far, without an allocation.
struct PartialHeader: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0  // the highest byte of it is the count

    /// Bytes so far; below ``FrameHeader/maximumBytes``.
    var count: Int { Int(high &>> 56) }

    /// Takes bytes until the header is whole.
    ///
    /// - Returns: nil while bytes are missing; afterwards nothing is kept.
    mutating func take(_ bytes: borrowing Span<UInt8>, at offset: inout Int) -> FrameHeader? {
        while offset < bytes.count {
            append(bytes[offset])
            offset &+= 1
            if count >= 2, count == FrameHeader.byteCount(byte(1)) {
                let whole = [UInt8]((0..<count).map(byte))
                self = PartialHeader()
                return FrameHeader(whole.span, at: 0)
            }
        }
        return nil
    }

    private func byte(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: index < 8 ? low &>> UInt64(index &* 8) : high &>> UInt64((index &- 8) &* 8))
    }

    private mutating func append(_ byte: UInt8) {
        let index = count
        if index < 8 {
            low |= UInt64(byte) &<< UInt64(index &* 8)
        } else {
            high |= UInt64(byte) &<< UInt64((index &- 8) &* 8)
        }
        high &+= 1 &<< 56
    }
}
