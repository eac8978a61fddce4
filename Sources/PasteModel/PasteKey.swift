// The key of a paste and its spellings. PRODUCT: the same number in words and in letters, or a name that a
// person chose.

import Digest

/// What opens a paste. Every string has at most one reading as a key.
public struct PasteKey: Hashable, Sendable {
    /// The one spelling that the id is hashed from: upper-case Crockford base 32 of a generated key, a chosen
    /// key as it is.
    public let canonical: String
    private let isChosen: Bool

    /// Reads what a person typed: words or a code in any case, with space, `-`, `_`, `.` or nothing between, `O`
    /// for 0 and `I` or `L` for 1; else a chosen key. Nil when it is neither. Linear; safe on any input.
    public init?(parsing typed: String) {
        guard typed.utf8.count <= Self.typedBytes else { return nil }
        let lower = typed.lowercased()
        if let code = Self.generatedCode(lower) {
            (canonical, isChosen) = (code, false)
        } else {
            guard Self.isChosenForm(lower), !Self.reserved.contains(lower) else { return nil }
            (canonical, isChosen) = (lower, true)
        }
    }

    /// A key that a person may choose for a new paste; nil when it is none, and when it reads as a generated one.
    public init?(chosen: String) {
        guard let key = PasteKey(parsing: chosen), key.isChosen else { return nil }
        self = key
    }

    private init(code: String) {
        (canonical, isChosen) = (code, false)
    }

    /// A key of the low `bits` bits of `number`.
    /// - Parameter bits: 30 (three words, six letters) or 40 (four words, eight letters).
    public static func generated(bits: Int, from number: UInt64) -> PasteKey {
        PasteKey(code: code(of: number, letters: bits / 5))
    }

    /// A private key of 80 bits.
    public static func privateKey(high: UInt64, low: UInt64) -> PasteKey {
        let code = code(of: high, letters: 8) + code(of: low, letters: 8)
        // Words are letters only: a digit in front keeps every private code from reading as words.
        return PasteKey(code: numbersOfWords(in: code.lowercased()) == nil ? code : "0" + code.dropFirst())
    }

    /// The words of a generated key that is not private, joined by `-`.
    public var words: String? {
        guard !isChosen, canonical.utf8.count <= 8 else { return nil }
        let number = canonical.utf8.reduce(UInt64(0)) { $0 << 5 | UInt64(Self.digit($1) ?? 0) }
        let bits = canonical.utf8.count * 5
        return stride(from: bits - 10, through: 0, by: -10)
            .map { WordList.words[Int(number >> UInt64($0) & 1023)] }
            .joined(separator: "-")
    }

    /// The letters of a generated key.
    public var code: String? { isChosen ? nil : canonical }

    /// Whether a person chose it: then it is easy to guess.
    public var isEasyToGuess: Bool { isChosen }

    /// Whether it is long enough that guessing needs no limit.
    public var isPrivate: Bool { !isChosen && canonical.utf8.count == 16 }

    // MARK: Reading

    private static let typedBytes = 128
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    /// The first parts of addresses that are not pastes.
    static let reserved: Set<String> = [
        "healthz", "metrics", "static", "assets", "script", "scripts", "styles", "favicon", "manifest",
        "service-worker", "well-known", "robots", "events", "public", "private", "account", "settings", "about-us",
        "privacy", "support", "status", "security", "protocol",
    ]

    private static func generatedCode(_ lower: String) -> String? {
        var bare = ""
        for scalar in lower.unicodeScalars where !" -_.".unicodeScalars.contains(scalar) {
            guard scalar.isASCII else { return nil }
            bare.unicodeScalars.append(scalar)
        }
        if let numbers = numbersOfWords(in: bare) {
            return code(of: numbers.reduce(0) { $0 << 10 | UInt64($1) }, letters: numbers.count * 2)
        }
        guard [6, 8, 16].contains(bare.utf8.count) else { return nil }
        var code = ""
        for byte in bare.utf8 {
            guard let digit = digit(byte) else { return nil }
            code.unicodeScalars.append(Unicode.Scalar(alphabet[digit]))
        }
        return code
    }

    private static func numbersOfWords(in bare: String) -> [Int]? {
        guard let numbers = WordList.numbers(in: bare[...]), 3...4 ~= numbers.count else { return nil }
        return numbers
    }

    private static func isChosenForm(_ lower: String) -> Bool {
        6...64 ~= lower.utf8.count
            && lower.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || $0 == UInt8(ascii: "-")
            }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        let upper = byte >= UInt8(ascii: "a") ? byte & 0xDF : byte
        switch upper {
        case UInt8(ascii: "O"): return 0
        case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
        default: return alphabet.firstIndex(of: upper)
        }
    }

    private static func code(of number: UInt64, letters: Int) -> String {
        let bytes = (1...letters).map { alphabet[Int(number >> UInt64((letters - $0) * 5) & 31)] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// How long a generated key is.
public enum KeyStrength: Hashable, Sendable {
    /// 30 bits: three words.
    case short
    /// 40 bits: four words, for a server with many pastes.
    case long
    /// 80 bits: for the link and the QR code.
    case `private`
}

extension PasteKey {
    /// The key of a `create`: the same request finds the same key again, and nobody can foresee it.
    /// - Parameters:
    ///   - hash: The server's secret.
    ///   - client: The device's 16 secret bytes.
    ///   - ref: The request's number.
    ///   - attempt: 0, 1, ...: each time a key was taken, the next.
    public static func derived(
        _ strength: KeyStrength, hash: KeyedHash, client: [UInt8], ref: UInt64, attempt: UInt64
    ) -> PasteKey {
        let code = hash("key", client + ref.bigEndianBytes + attempt.bigEndianBytes)
        let (high, low) = (UInt64(bigEndian: code[0..<8]), UInt64(bigEndian: code[8..<16]))
        return switch strength {
        case .short: generated(bits: 30, from: high)
        case .long: generated(bits: 40, from: high)
        case .private: privateKey(high: high, low: low)
        }
    }
}

extension PasteID {
    /// What the store calls the paste of that key.
    public init(_ key: PasteKey, hash: KeyedHash) {
        let code = hash("paste", Array(key.canonical.utf8))
        self.init(high: UInt64(bigEndian: code[0..<8]), low: UInt64(bigEndian: code[8..<16]))
    }
}

extension Author {
    /// What others see of a device in a paste.
    /// - Parameter client: The device's 16 secret bytes.
    public init(of client: [UInt8], in paste: PasteID, hash: KeyedHash) {
        self.init(
            rawValue: hash.word("author", paste.high.bigEndianBytes + paste.low.bigEndianBytes + client))
    }
}

extension UInt64 {
    fileprivate init(bigEndian bytes: ArraySlice<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    fileprivate var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) }
    }
}
