/// Exact bytes of valid UTF-8. Equality and hashing are by bytes: Swift's `String` calls canonically
/// equivalent texts equal and counts CR LF as one character, and both would change what a person kept.
public struct Text: Hashable, Sendable {
    /// The UTF-8 bytes.
    public let utf8: [UInt8]

    /// The empty text.
    public static let empty = Text(uncheckedUTF8: [])

    /// A text of bytes that the caller has already validated as UTF-8.
    public init(uncheckedUTF8 bytes: [UInt8]) {
        utf8 = bytes
    }

    /// The exact scalars of `string`, without normalisation.
    public init(_ string: String) {
        utf8 = Array(string.utf8)
    }

    /// The length in bytes.
    public var count: Int { utf8.count }
    /// Whether there is no byte.
    public var isEmpty: Bool { utf8.isEmpty }
    /// The text as a `String`, for messages and tests.
    public var string: String { String(decoding: utf8, as: UTF8.self) }
}
