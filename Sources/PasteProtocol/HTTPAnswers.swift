// What only HTTP answers with (PROTOCOL.md, "HTTP"): objects made of the protocol's own members.

import PasteModel

/// An item that a request made.
public struct KeptItem: Hashable, Sendable {
    /// Its number.
    public let item: UInt64
    /// The seq of its event.
    public let seq: UInt64

    /// An item from its parts.
    public init(item: UInt64, seq: UInt64) {
        self.item = item
        self.seq = seq
    }
}

/// The answer to a request that kept texts: `{"type":"kept",...}`.
public struct KeptAnswer: Hashable, Sendable {
    /// The paste, when the request made it.
    public var created: Created?
    /// The paste's address.
    public var url: String
    /// The items, in the order of the texts.
    public var items: [KeptItem]

    /// An answer from its parts.
    public init(created: Created?, url: String, items: [KeptItem]) {
        self.created = created
        self.url = url
        self.items = items
    }

    /// Appends the answer as one JSON text.
    public func encode(into output: inout [UInt8]) {
        output.begin("kept")
        if let created {
            output.member(.paste, created.paste)
            if let code = created.code { output.member(.code, code) }
            output.member(.expiresAt, created.expiresAt)
        }
        output.member(.url, url)
        output.member(.items, list: items) { output, kept in
            output.append(contentsOf: "{\"item\":".utf8)
            output.append(decimal: Int64(truncatingIfNeeded: kept.item))
            output.member(.seq, kept.seq)
            output.member(.url, "\(url)/items/\(kept.item)")
            output.end()
        }
        output.end()
    }
}

extension Item {
    /// Appends the item as one JSON text, as it stands in a snapshot.
    public func encode(into output: inout [UInt8]) {
        output.append(self)
    }
}

/// The pad as one JSON text.
/// - Parameter seq: The event that last changed it.
public func encodePad(_ pad: Text, seq: UInt64, into output: inout [UInt8]) {
    output.begin("pad")
    output.member(.pad, pad)
    output.member(.padSeq, seq)
    output.end()
}

/// A snapshot that is written bit by bit: its items need not be in memory as JSON all at once.
public struct SnapshotWriter: Sendable {
    private let tail: [UInt8]
    /// What comes before the first item.
    public let opening: [UInt8]
    private var isFirst = true

    /// A writer of this snapshot; its own items come first.
    public init(_ snapshot: Snapshot) {
        var whole: [UInt8] = []
        var bare = snapshot
        bare.items = []
        bare.more = false
        ServerMessage.snapshot(bare).encode(into: &whole)
        // The members behind the items are numbers and receipts: the last such place is the list's own.
        let mark = Array("\"items\":[".utf8)
        let end = (0...whole.count - mark.count).last { whole[$0..<$0 + mark.count].elementsEqual(mark) } ?? 0
        opening = Array(whole[..<(end + mark.count)])
        tail = Array(whole[(end + mark.count)...])
    }

    /// Appends some items.
    public mutating func append(_ items: some Sequence<Item>, into output: inout [UInt8]) {
        for item in items {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            output.append(item)
        }
    }

    /// What comes behind the last item.
    public var closing: [UInt8] { tail }
}
