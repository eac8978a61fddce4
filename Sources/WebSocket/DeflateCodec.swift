import CZlib

/// What one thread compresses and decompresses its messages with (RFC 7692 sections 7.2.1 and 7.2.2): zlib's states,
/// some 300 KB in all, made when they are first needed. Nothing of a message is left in it afterwards.
@safe
public final class DeflateCodec {
    // The states live as long as the codec, which frees them; nobody else has them, and the codec is not Sendable.
    private var inflater: OpaquePointer?
    /// With a window of 15 bits.
    private var wideDeflater: OpaquePointer?
    /// With one of 9 bits, for all who ask for less than 15: so a message has two compressed forms and not seven.
    private var narrowDeflater: OpaquePointer?
    private var deflatedBytes = 0

    /// Bytes below which a message goes as it is: it fits one packet anyway, compressed or not.
    public static let leastBytes = 1_024
    /// Bytes that are compressed in a tick (``beginTick()``): beyond, messages go as they are, so that a thread stays
    /// quick whoever asks for what. Enough for the largest text; some five milliseconds.
    public static let bytesPerTick = 1 << 20 + 128 << 10

    /// A codec without states.
    public init() {}

    deinit {
        if let inflater = unsafe inflater { unsafe pasted_inflater_free(inflater) }
        if let deflater = unsafe wideDeflater { unsafe pasted_deflater_free(deflater) }
        if let deflater = unsafe narrowDeflater { unsafe pasted_deflater_free(deflater) }
    }

    /// The budget of ``bytesPerTick`` begins anew.
    public func beginTick() { deflatedBytes = 0 }

    /// A message's payload, compressed, without the 00 00 FF FF at its end.
    ///
    /// - Returns: nil when it should go as it is: too short, not smaller, over the budget, or no window for it.
    func deflate(_ payload: borrowing Span<UInt8>, _ window: DeflateWindow) -> [UInt8]? {
        guard payload.count >= DeflateCodec.leastBytes, deflatedBytes &+ payload.count <= DeflateCodec.bytesPerTick,
            let deflater = unsafe deflater(window)
        else { return nil }
        deflatedBytes &+= payload.count
        // Room for what is smaller than the payload even with its tail.
        var output = [UInt8](repeating: 0, count: payload.count)
        let count = unsafe payload.withUnsafeBufferPointer { source in
            // Not empty: it has `leastBytes`.
            unsafe source.baseAddress.map {
                unsafe pasted_deflate(deflater, $0, source.count, &output, source.count)
            } ?? 0
        }
        guard count >= DeflateCodec.tail.count else { return nil }
        output.removeLast(output.count &- count &+ DeflateCodec.tail.count)
        return output
    }

    /// The message that a compressed payload stands for.
    ///
    /// - Parameter limit: bytes that it may have; decompression stops there, whatever is still to come.
    func inflate(_ payload: borrowing Span<UInt8>, limit: Int) throws(ProtocolFailure) -> [UInt8] {
        // The compressed form of nothing is one byte, but some send none.
        guard !payload.isEmpty else { return [] }
        let inflater = try unsafe readyInflater()
        var message: [UInt8] = []
        let answer = try unsafe inflate(inflater, payload, onto: &message, limit)
        // After a last block there is no tail, unless an empty block was begun as section 7.2.3.4 has it.
        if answer == pasted_inflate_final { return message }
        let end = try unsafe inflate(inflater, DeflateCodec.tail.span, onto: &message, limit)
        guard end == pasted_inflate_hungry else {
            throw ProtocolFailure(.invalidPayload, "A compressed message ends too early.")
        }
        return message
    }

    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
    /// Bytes that a message's memory begins with at most; it doubles from there.
    private static let firstBytes = 64 << 10

    /// Proof: every pointer lies in a buffer that outlives the call, with the count that goes along.
    @unsafe
    private func inflate(
        _ inflater: OpaquePointer, _ input: borrowing Span<UInt8>, onto message: inout [UInt8], _ limit: Int
    ) throws(ProtocolFailure) -> Int {
        var offset = 0
        while true {
            // One byte more than there may be, to see whether it comes.
            let wanted = max(message.count, min(input.count &* 4, Self.firstBytes), 64)
            let room = min(wanted, limit &- message.count &+ 1)
            var used = 0
            var answer = pasted_inflate_broken
            let rest = input.extracting(droppingFirst: offset)
            message.append(addingCapacity: room) { (output: inout OutputSpan<UInt8>) in
                unsafe output.withUnsafeMutableBufferPointer { target, count in
                    guard let start = target.baseAddress else { return }
                    unsafe rest.withUnsafeBufferPointer { source in
                        var written = 0
                        let result = unsafe pasted_inflate(
                            inflater, source.baseAddress, source.count, &used, start + count, room, &written)
                        answer = result
                        count += written
                    }
                }
            }
            offset &+= used
            guard message.count <= limit else {
                throw ProtocolFailure(.messageTooBig, "A message must not be longer than \(limit) bytes.")
            }
            switch answer {
            case pasted_inflate_full: continue
            case pasted_inflate_broken: throw ProtocolFailure(.invalidPayload, "A compressed message must be deflate.")
            default: return answer
            }
        }
    }

    @unsafe
    private func readyInflater() throws(ProtocolFailure) -> OpaquePointer {
        if unsafe inflater == nil { unsafe inflater = pasted_inflater_make() }
        guard let inflater = unsafe inflater else { throw ProtocolFailure(.tryAgainLater, "There is no memory.") }
        unsafe pasted_inflater_begin(inflater)
        return unsafe inflater
    }

    @unsafe
    private func deflater(_ window: DeflateWindow) -> OpaquePointer? {
        switch window {
        case .none: return nil
        case .wide:
            if unsafe wideDeflater == nil { unsafe wideDeflater = pasted_deflater_make(15) }
            return unsafe wideDeflater
        case .narrow:
            if unsafe narrowDeflater == nil { unsafe narrowDeflater = pasted_deflater_make(9) }
            return unsafe narrowDeflater
        }
    }
}
