// The alphabet of the stored records: variable-length integers (LEB128) and counted bytes. Reading never
// traps: whatever a damaged file holds ends as `DamagedRecord`.

/// Stored bytes that no version of this store has written.
struct DamagedRecord: Error {
    let what: String
    init(_ what: String) { self.what = what }
}

struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init() {}

    /// Grows no more up to so many bytes.
    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func byte(_ value: UInt8) {
        bytes.append(value)
    }

    mutating func integer(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func integer(_ value: Int64) {
        integer(UInt64(bitPattern: value))
    }

    mutating func integer(_ value: Int) {
        integer(UInt64(bitPattern: Int64(value)))
    }

    /// Eight bytes, for what has no small values.
    mutating func word(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    mutating func zeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    mutating func raw(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
    }

    mutating func counted(_ value: [UInt8]) {
        integer(value.count)
        raw(value)
    }
}

struct ByteReader {
    private let bytes: [UInt8]
    private var offset: Int

    init(_ bytes: [UInt8], from offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Bytes that are left.
    var remaining: Int { bytes.count - offset }

    mutating func byte() throws(DamagedRecord) -> UInt8 {
        guard remaining > 0 else { throw DamagedRecord("ends too early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func integer() throws(DamagedRecord) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let next = try byte()
            guard shift < 63 || next < 2 else { break }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
        }
        throw DamagedRecord("holds an integer of more than 64 bits")
    }

    mutating func signed() throws(DamagedRecord) -> Int64 {
        Int64(bitPattern: try integer())
    }

    /// A number of things that each take at least one of the remaining bytes.
    mutating func count() throws(DamagedRecord) -> Int {
        let value = try integer()
        guard value <= UInt64(remaining) else { throw DamagedRecord("counts more than it holds") }
        return Int(value)
    }

    mutating func word() throws(DamagedRecord) -> UInt64 {
        guard remaining >= 8 else { throw DamagedRecord("ends too early") }
        defer { offset += 8 }
        return bytes[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func counted() throws(DamagedRecord) -> [UInt8] {
        try take(try integer())
    }

    /// So many bytes.
    mutating func take(_ count: UInt64) throws(DamagedRecord) -> [UInt8] {
        guard count <= UInt64(remaining) else { throw DamagedRecord("counts more than it holds") }
        defer { offset += Int(count) }
        return Array(bytes[offset..<offset + Int(count)])
    }

    /// - Throws: When bytes are left.
    func end() throws(DamagedRecord) {
        guard remaining == 0 else { throw DamagedRecord("goes on behind its end") }
    }
}
