// What all sessions of a server (or client) share: certificate, settings, ticket keys.
//
// TLS 1.2 and 1.3 with forward secrecy only, the server's cipher order, X25519 first, ALPN http/1.1, no
// compression, no renegotiation. One ticket a session: the second one of OpenSSL's default costs as much again.

import COpenSSL

/// The settings of TLS sessions. Any thread. Sessions keep what they need of it.
@safe
public final class TLSContext: @unchecked Sendable {
    // Proof for `@unchecked`: the pointer never changes; an SSL_CTX is made to be shared by threads once it is
    // set up, which ends in `init`; the ticket keys are behind a lock of their own.
    let context: OpaquePointer

    private init(_ context: OpaquePointer) {
        unsafe self.context = context
    }

    deinit {
        unsafe pasted_tls_context_free(context)
    }

    /// Serves with a certificate. Throws `certificate` when chain and key are unreadable or no pair.
    public convenience init(serving certificate: Certificate) throws(TLSError) {
        var why = Explanation()
        guard
            let context = unsafe why.fill({ buffer, capacity in
                unsafe pasted_tls_server(
                    certificate.chain, certificate.chain.count, certificate.key, certificate.key.count,
                    buffer, capacity)
            })
        else { throw .certificate(why.sentence) }
        unsafe self.init(context)
    }

    /// Connects to servers whose certificate comes from one of `roots` (PEM), or from the system's when nil.
    public convenience init(trusting roots: [UInt8]?) throws(TLSError) {
        var why = Explanation()
        guard
            let context = unsafe why.fill({ buffer, capacity in
                unsafe pasted_tls_client(roots ?? [], roots?.count ?? 0, buffer, capacity)
            })
        else { throw .certificate(why.sentence) }
        unsafe self.init(context)
    }

    /// How long a ticket key encrypts before a new one takes over (12 hours unless told). For as long again
    /// it still opens the tickets it made.
    public func setTicketPeriod(seconds: Int64) {
        unsafe pasted_tls_ticket_period(context, seconds)
    }

    /// Begins with a new ticket key now. Tickets of the key before are still opened, older ones not.
    public func rotateTicketKeys() {
        unsafe pasted_tls_rotate(context)
    }
}

/// Room for the sentence that a C function explains its failure with.
struct Explanation {
    private var bytes = [CChar](repeating: 0, count: 160)

    @unsafe
    mutating func fill<Result>(_ call: (UnsafeMutablePointer<CChar>, Int) -> Result) -> Result {
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // Never empty, so there always is a base.
            guard let base = buffer.baseAddress else { preconditionFailure("no room for an explanation") }
            return unsafe call(base, buffer.count)
        }
    }

    var sentence: String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
