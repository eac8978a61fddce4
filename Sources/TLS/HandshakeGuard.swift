// What a peer may announce before it is known.
//
// OpenSSL makes room for a handshake message as soon as it has read the message's header: for a ClientHello up to 128 KiB,
// which nine bytes would buy. So the headers are looked at before it gets them. All that a client sends in the clear is
// followed: records (RFC 8446 section 5.1: five bytes, then content), and in those of type handshake the messages (section
// 4: a type, three bytes of length, then content), however both are cut into pieces.
//
//     record header --5 bytes--> content --all of it--> record header ...
//     message header --4 bytes--> content --all of it--> message header ...       in handshake records only
//     anything encrypted --> done

/// Follows one peer's handshake. Fed with what the session eats.
struct HandshakeGuard {
    /// The longest message of a handshake, in bytes. A ClientHello has some 2 KiB with post-quantum keys, 4 with tickets
    /// and ECH; this much is one record, for which OpenSSL has room anyway.
    static let messageBytes = 16 * 1024

    /// Nothing is left to look at.
    private(set) var isDone = false
    private var headerCount: UInt8 = 0
    private var kind: UInt8 = 0
    private var recordLeft = 0
    private var messageHeaderCount: UInt8 = 0
    private var messageLength = 0
    private var messageLeft = 0

    private static let changeCipherSpec: UInt8 = 20
    private static let alert: UInt8 = 21
    private static let handshake: UInt8 = 22

    /// Looks at the next bytes.
    ///
    /// - Parameter endsAtCipherChange: Whether what follows a ChangeCipherSpec is encrypted: with TLS 1.2 it is, with
    ///   1.3 it means nothing.
    /// - Returns: False when a message announces more than it may.
    mutating func accepts(_ bytes: Span<UInt8>, endsAtCipherChange: Bool) -> Bool {
        var index = 0
        while index < bytes.count, !isDone {
            if headerCount < 5 {
                takeHeader(bytes[index], endsAtCipherChange)
                index += 1
            } else if kind == Self.handshake, messageLeft == 0 {
                recordLeft -= 1
                guard takeMessageHeader(bytes[index]) else { return false }
                index += 1
            } else {
                var count = min(recordLeft, bytes.count - index)
                if kind == Self.handshake {
                    count = min(count, messageLeft)
                    messageLeft -= count
                }
                recordLeft -= count
                index += count
            }
            if headerCount == 5, recordLeft == 0 { headerCount = 0 }
        }
        return true
    }

    private mutating func takeHeader(_ byte: UInt8, _ endsAtCipherChange: Bool) {
        headerCount += 1
        switch headerCount {
        case 1:
            kind = byte
            recordLeft = 0
            isDone =
                switch byte {
                case Self.handshake, Self.alert: false
                case Self.changeCipherSpec: endsAtCipherChange
                // Application data is encrypted; anything else is no TLS, and OpenSSL will say so.
                default: true
                }
        case 4, 5: recordLeft = recordLeft << 8 | Int(byte)
        default: break
        }
    }

    /// False: the message is too long.
    private mutating func takeMessageHeader(_ byte: UInt8) -> Bool {
        messageHeaderCount += 1
        guard messageHeaderCount > 1 else {
            messageLength = 0
            return true
        }
        messageLength = messageLength << 8 | Int(byte)
        guard messageHeaderCount == 4 else { return true }
        messageHeaderCount = 0
        messageLeft = messageLength
        return messageLength <= Self.messageBytes
    }
}
