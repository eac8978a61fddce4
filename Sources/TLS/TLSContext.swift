// What all sessions of a server (or client) share: certificates, settings, ticket keys.
//
// TLS 1.2 and 1.3 with forward secrecy only, the server's cipher order, the post-quantum hybrid group where the library
// has it, then X25519, ALPN http/1.1 (a client that offers only others gets no_application_protocol, RFC 7301 section
// 3.2), no compression, no renegotiation, no early data. One ticket a session: the second one of OpenSSL's default costs
// as much again.

import COpenSSL

/// Which protocol versions a server speaks, as Mozilla's "Server Side TLS" names them.
public enum TLSProfile: String, Hashable, Sendable, CaseIterable {
    /// TLS 1.2 and 1.3: every browser since about 2014.
    case intermediate
    /// TLS 1.3 only: every browser since about 2019.
    case modern
}

/// What session tickets are sealed with: one set for all shards and certificates of a server. Any thread.
@safe
public final class TicketKeys: @unchecked Sendable {
    // Proof for `@unchecked`: the pointer never changes; what it points to is behind a lock of its own.
    let keys: OpaquePointer

    /// How long a key seals tickets before a new one takes over, in seconds. For as long again it still opens them,
    /// which is how long a ticket lives: nobody loses a session to the change, and a stolen key opens those of two
    /// periods.
    public static let periodSeconds = Int64(pasted_ticket_seconds)

    /// Keys from the system's secure generator.
    public init() throws(TLSError) {
        guard let keys = unsafe pasted_ticket_keys_create(Self.periodSeconds) else {
            throw .system("no memory or no randomness for TLS ticket keys")
        }
        unsafe self.keys = keys
    }

    deinit {
        unsafe pasted_ticket_keys_release(keys)
    }

    /// How long a key seals, when it is not ``periodSeconds``.
    public func setPeriod(seconds: Int64) {
        unsafe pasted_ticket_keys_period(keys, seconds)
    }

    /// Begins with a new key now. Tickets of the key before are still opened, older ones not.
    public func rotate() {
        unsafe pasted_ticket_keys_rotate(keys)
    }
}

/// The settings of TLS sessions. Any thread. Sessions keep what they need of it.
@safe
public final class TLSContext: @unchecked Sendable {
    // Proof for `@unchecked`: the pointer never changes; an SSL_CTX is made to be shared by threads once it is
    // set up, which ends in `init`; the ticket keys are behind a lock of their own.
    let context: OpaquePointer

    /// How many certificates a server can have: each costs a comparison in every handshake.
    public static let maximumCertificates = Int(pasted_tls_hosts) + 1

    private init(_ context: OpaquePointer) {
        unsafe self.context = context
    }

    deinit {
        unsafe pasted_tls_context_free(context)
    }

    /// Serves with a certificate, and with others to who asks for their names (RFC 6066 section 3): one that spells the
    /// name out before one with a wildcard, then the earlier one. Throws `certificate` when chain and key are
    /// unreadable or no pair.
    ///
    /// - Parameter tickets: The keys of a server that exchanges its contexts; nil: some of its own.
    public convenience init(
        serving certificate: Certificate, others: [Certificate] = [], profile: TLSProfile = .intermediate,
        tickets: TicketKeys? = nil
    ) throws(TLSError) {
        let keys: TicketKeys
        if let tickets { keys = tickets } else { keys = try TicketKeys() }
        unsafe self.init(try Self.server(certificate, profile, keys))
        for other in others {
            let context = unsafe try Self.server(other, profile, keys)
            // The default context owns it too, or it goes at once.
            defer { unsafe pasted_tls_context_free(context) }
            guard unsafe pasted_tls_add(self.context, context) else {
                throw .certificate("a server can have at most \(Self.maximumCertificates) certificates")
            }
        }
    }

    private static func server(
        _ certificate: Certificate, _ profile: TLSProfile, _ keys: TicketKeys
    ) throws(TLSError) -> OpaquePointer {
        var why = Explanation()
        // The pointers are good for the call, which copies what it keeps.
        let context = unsafe certificate.chain.withUnsafeBufferPointer { chain in
            unsafe certificate.key.withUnsafeBufferPointer { key in
                unsafe (certificate.status ?? []).withUnsafeBufferPointer { status -> OpaquePointer? in
                    guard let chainBase = chain.baseAddress, let keyBase = key.baseAddress else { return nil }
                    var pair = unsafe pasted_tls_pair(
                        chain: chainBase, chain_count: chain.count, key: keyBase, key_count: key.count,
                        status: certificate.status == nil ? nil : status.baseAddress, status_count: status.count)
                    return unsafe why.fill { unsafe pasted_tls_server(&pair, profile == .modern, keys.keys, $0, $1) }
                }
            }
        }
        guard let context = unsafe context else {
            throw .certificate(why.sentence.isEmpty ? "the certificate file or the key file is empty" : why.sentence)
        }
        return unsafe context
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
}

/// Room for the sentence that a C function explains its failure with.
struct Explanation {
    private var bytes = [CChar](repeating: 0, count: 240)

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
