// One TLS connection. Bytes in, bytes out; no socket.
//
//     ciphertext --decrypt--> plaintext          what must be said back (handshake, alerts) lands on the wire
//     plaintext  --encrypt--> ciphertext         on the wire
//
// Nothing is buffered per connection but what OpenSSL keeps of a record that has not arrived whole.
// `detached()` takes the session off its thread's wire; only that form can cross threads.

import COpenSSL

/// A TLS session on a wire. Confined to the wire's thread.
@safe
public struct TLSSession: ~Copyable {
    let session: OpaquePointer
    /// Nil: the handshake is over, or the peer is the server, which we have chosen.
    private var handshake: HandshakeGuard?

    init(_ session: OpaquePointer, on wire: TLSWire) {
        unsafe self.session = session
        unsafe pasted_tls_attach(session, wire.wire)
    }

    deinit {
        unsafe pasted_tls_free(session)
    }

    /// The server's half of a new connection.
    public init(accepting context: TLSContext, on wire: TLSWire) throws(TLSError) {
        guard let session = unsafe pasted_tls_accept(context.context) else {
            throw .system("no memory for a TLS session")
        }
        unsafe self.init(session, on: wire)
        handshake = HandshakeGuard()
    }

    /// The client's half of a new connection to `host` (a name or a numeric address), whose first flight is put
    /// on the wire. A ticket of an earlier session shortens the handshake if the server still takes it.
    public init(
        connectingTo host: String, _ context: TLSContext, on wire: TLSWire, resuming ticket: TLSTicket? = nil
    ) throws(TLSError) {
        guard let session = unsafe pasted_tls_connect(context.context, host) else {
            throw .system("no memory for a TLS session, or no such host name: \(host)")
        }
        unsafe self.init(session, on: wire)
        if let ticket { unsafe pasted_tls_resume(session, ticket.ticket) }
        unsafe pasted_tls_begin(session)
    }

    /// What a call of `decrypt` did.
    public struct Decrypted: Hashable, Sendable {
        /// Plaintext bytes that were written.
        public let count: Int
        /// Why it stopped.
        public let stop: Stop
    }

    /// Why `decrypt` stopped.
    public enum Stop: Hashable, Sendable {
        /// All ciphertext was eaten.
        case hungry
        /// The room for plaintext is used up. There may be more: call again, even without ciphertext.
        case full
        /// The wire is full: send its output, then call again.
        case blocked
        /// The peer said that it will send no more (close_notify).
        case ended
    }

    /// Eats ciphertext from `offset` on, which it moves, and writes plaintext to the front of `plaintext`. Does the
    /// handshake on the way. Afterwards send what is on the wire. Throws `peer` or `plainHTTP`.
    public mutating func decrypt(
        _ ciphertext: Span<UInt8>, at offset: inout Int, into plaintext: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Decrypted {
        let rest = ciphertext.extracting(droppingFirst: offset)
        let before = handshake
        guard judge(rest) else {
            unsafe pasted_tls_refuse(session)
            throw .peer(PeerFault(Int32(pasted_fault_broken), "TLS (a handshake message is too long)"))
        }
        var result = pasted_tls_read()
        var why: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        // Pointers are not kept: C's `input` is reset before the call returns. `why` gets a C string of at most 64
        // bytes, and only when the call fails.
        unsafe rest.withUnsafeBufferPointer { input in
            unsafe plaintext.withUnsafeMutableBufferPointer { output in
                unsafe withUnsafeMutableBytes(of: &why) { why in
                    guard let room = output.baseAddress, let text = why.baseAddress else { return }
                    unsafe result = pasted_tls_read(
                        session, input.baseAddress ?? UnsafePointer(room), input.count, room, output.count,
                        text.assumingMemoryBound(to: CChar.self), why.count)
                }
            }
        }
        offset += result.eaten
        if result.eaten < rest.count {
            // The rest will come again.
            handshake = before
            _ = judge(rest.extracting(first: result.eaten))
        }
        switch result.status {
        case Int32(pasted_tls_hungry): return Decrypted(count: result.produced, stop: .hungry)
        case Int32(pasted_tls_full): return Decrypted(count: result.produced, stop: .full)
        case Int32(pasted_tls_blocked): return Decrypted(count: result.produced, stop: .blocked)
        case Int32(pasted_tls_ended): return Decrypted(count: result.produced, stop: .ended)
        case Int32(pasted_tls_plain): throw .plainHTTP
        default:
            let sentence = unsafe withUnsafeBytes(of: &why) { unsafe Array($0.prefix { $0 != 0 }) }
            throw .peer(PeerFault(result.fault, String(decoding: sentence, as: UTF8.self)))
        }
    }

    /// Looks at what is announced before the library makes room for it.
    private mutating func judge(_ ciphertext: Span<UInt8>) -> Bool {
        guard handshake != nil else { return true }
        let isGood = handshake?.accepts(ciphertext, endsAtCipherChange: unsafe pasted_tls_is_1_2(session)) ?? true
        if handshake?.isDone == true { handshake = nil }
        return isGood
    }

    /// Encrypts the front of `plaintext` onto the wire, in records of at most 16 KiB. Answers how much was taken:
    /// less than offered means that the wire is full or the handshake is not over. Throws `peer` when the
    /// session is broken.
    public mutating func encrypt(_ plaintext: Span<UInt8>) throws(TLSError) -> Int {
        guard !plaintext.isEmpty else { return 0 }
        let taken = unsafe plaintext.withUnsafeBufferPointer { input -> Int64 in
            guard let base = input.baseAddress else { return 0 }
            return unsafe pasted_tls_write(session, base, input.count)
        }
        guard taken >= 0 else { throw .peer(PeerFault(Int32(pasted_fault_broken), "the TLS session is broken")) }
        return Int(taken)
    }

    /// Puts close_notify on the wire: no more will be sent (RFC 8446 section 6.1).
    public mutating func close() {
        unsafe pasted_tls_close(session)
    }

    /// Whether the handshake is over.
    public var isOpen: Bool { unsafe pasted_tls_is_open(session) }

    /// Whether an earlier session was resumed.
    public var wasResumed: Bool { unsafe pasted_tls_was_resumed(session) }

    /// The protocol and the cipher, such as "TLSv1.3 TLS_AES_128_GCM_SHA256".
    public var parameters: String {
        unsafe String(cString: pasted_tls_version(session)) + " " + String(cString: pasted_tls_cipher(session))
    }

    /// The group of the key exchange, such as "x25519"; empty before it is chosen.
    public var group: String { unsafe String(cString: pasted_tls_group(session)) }

    /// A client's means to resume this session later. TLS 1.3 servers send it behind the handshake: nil before.
    public var ticket: TLSTicket? {
        guard let ticket = unsafe pasted_tls_ticket(session) else { return nil }
        return unsafe TLSTicket(ticket)
    }

    /// Takes the session off its wire, whose output was sent or copied before.
    public consuming func detached() -> DetachedTLSSession {
        let session = unsafe session
        discard self
        unsafe pasted_tls_attach(session, nil)
        return unsafe DetachedTLSSession(session)
    }
}

/// A TLS session on its way to another thread.
@safe
public struct DetachedTLSSession: ~Copyable, @unchecked Sendable {
    // Proof for `@unchecked`: this value is the only owner of the SSL object, which refers to no thread's wire
    // any more. What it shares with others (its SSL_CTX) is made to be shared.
    private let session: OpaquePointer

    init(_ session: OpaquePointer) {
        unsafe self.session = session
    }

    deinit {
        unsafe pasted_tls_free(session)
    }

    /// Puts the session on the wire of the thread where it lives from now on.
    public consuming func attached(to wire: TLSWire) -> TLSSession {
        let session = unsafe session
        discard self
        return unsafe TLSSession(session, on: wire)
    }
}

/// What a client resumes a session with. Any thread; holds secrets.
@safe
public final class TLSTicket: @unchecked Sendable {
    // Proof for `@unchecked`: the pointer never changes and is read only; an SSL_SESSION is counted atomically.
    let ticket: OpaquePointer

    init(_ ticket: OpaquePointer) {
        unsafe self.ticket = ticket
    }

    deinit {
        unsafe pasted_tls_ticket_free(ticket)
    }
}
