// Where the sessions of one thread put their ciphertext, one session at a time.

import COpenSSL

/// A thread's outgoing ciphertext. A session writes into it; the caller then sends it and keeps what the socket
/// did not take, before it turns to another session. Confined to one thread.
@safe
public final class TLSWire {
    /// Room for a turn's 64 KiB of plaintext as records, and for a handshake.
    public static let capacityBytes = 96 * 1024

    // Lives as long as this object or a session attached to it does (it is counted).
    let wire: OpaquePointer

    /// An empty wire.
    public init() throws(TLSError) {
        guard let wire = unsafe pasted_tls_wire_create(Self.capacityBytes) else {
            throw .system("no memory for a TLS buffer")
        }
        unsafe self.wire = wire
    }

    deinit {
        unsafe pasted_tls_wire_free(wire)
    }

    /// How much ciphertext waits to be sent, in bytes.
    public var count: Int { unsafe pasted_tls_wire_count(wire) }

    /// Lets `body` see the waiting ciphertext. Do not use a session meanwhile.
    public func withOutput<E: Error>(_ body: (Span<UInt8>) throws(E) -> Int) throws(E) -> Int {
        // The buffer lives as long as the wire, and only sessions write to it.
        let output = unsafe UnsafeBufferPointer(start: pasted_tls_wire_output(wire), count: count)
        return unsafe try body(output.span)
    }

    /// The waiting ciphertext from that byte on.
    public func output(from offset: Int) -> [UInt8] {
        let output = unsafe UnsafeBufferPointer(start: pasted_tls_wire_output(wire), count: count)
        return unsafe Array(output[min(offset, count)...])
    }

    /// Forgets the waiting ciphertext: it was sent or copied.
    public func clear() {
        unsafe pasted_tls_wire_clear(wire)
    }
}
