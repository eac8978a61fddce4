import PasteModel

/// A list of items as JSON, for all the messages that show it: encoded once.
public struct EncodedItems: Sendable {
    let json: [UInt8]

    /// Bytes of JSON.
    public var byteCount: Int { json.count }

    /// Encodes the list.
    public init(_ items: some Sequence<Item>) {
        var json: [UInt8] = []
        json.append(items: items)
        self.json = json
    }
}
