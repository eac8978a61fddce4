// What an edit does to a text. Counts are scalars, storage is UTF-8, and a scalar is never split because
// steps end on bytes that begin one.

extension TextEdit {
    /// The text after this edit; nil when a step leaves the text. Linear: runs are copied in bulk.
    public func apply(to text: Text) -> Text? {
        let source = text.utf8
        var result: [UInt8] = []
        result.reserveCapacity(source.count + byteCount)
        var offset = 0
        for op in ops {
            switch op {
            case .retain(let count):
                guard let end = text.offset(advancing: count, from: offset) else { return nil }
                result.append(contentsOf: source[offset..<end])
                offset = end
            case .delete(let count):
                guard let end = text.offset(advancing: count, from: offset) else { return nil }
                offset = end
            case .insert(let inserted):
                result.append(contentsOf: inserted.utf8)
            }
        }
        result.append(contentsOf: source[offset...])
        return Text(uncheckedUTF8: result)
    }

    /// The edit that takes `apply(to: text)` back to `text`; nil when a step leaves the text.
    public func inverse(of text: Text) -> TextEdit? {
        var builder = EditBuilder()
        var offset = 0
        for op in ops {
            switch op {
            case .retain(let count):
                guard let end = text.offset(advancing: count, from: offset) else { return nil }
                builder.retain(count)
                offset = end
            case .delete(let count):
                guard let end = text.offset(advancing: count, from: offset) else { return nil }
                builder.insert(text.utf8[offset..<end])
                offset = end
            case .insert(let inserted):
                builder.delete(inserted.scalarCount)
            }
        }
        return builder.edit()
    }
}

extension Text {
    /// The length in Unicode scalar values.
    public var scalarCount: Int {
        utf8.count - utf8.span.continuationBytes(in: 0..<utf8.count)
    }

    /// The offset `count` scalars behind `start`, which is one that begins a scalar; nil when the text ends
    /// before.
    func offset(advancing count: Int, from start: Int) -> Int? {
        let bytes = utf8.span
        var offset = start
        var left = count
        // Whole blocks while the rest of the way is surely not inside one.
        while left > Self.blockBytes, bytes.count - offset >= Self.blockBytes {
            let block = offset..<(offset + Self.blockBytes)
            left -= Self.blockBytes - bytes.continuationBytes(in: block)
            offset = block.upperBound
        }
        while offset < bytes.count {
            if !bytes[offset].isContinuation {
                if left == 0 { return offset }
                left -= 1
            }
            offset += 1
        }
        return left == 0 ? offset : nil
    }

    private static let blockBytes = 128
}

extension UInt8 {
    fileprivate var isContinuation: Bool { self & 0xC0 == 0x80 }
}

extension Span<UInt8> {
    /// How many bytes of `range` continue a scalar: `10xxxxxx`.
    fileprivate func continuationBytes(in range: Range<Int>) -> Int {
        let bytes = extracting(range)
        return unsafe bytes.withUnsafeBytes { raw in
            // Unsafe for the word loads, which are most of what a large edit costs. Every load lies in
            // `raw`: the loop ends 8 bytes before its end.
            var count = 0
            var offset = 0
            while offset + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                count &+= (word & ~(word << 1) & 0x8080_8080_8080_8080).nonzeroBitCount
                offset &+= 8
            }
            while offset < raw.count {
                if unsafe raw[offset].isContinuation { count &+= 1 }
                offset &+= 1
            }
            return count
        }
    }
}
