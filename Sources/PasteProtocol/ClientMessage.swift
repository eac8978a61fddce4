// What clients say (PROTOCOL.md, "From client to server").

import PasteModel

/// A message from a client.
public enum ClientMessage: Hashable, Sendable {
    /// Who I am; the first message, if it comes.
    case hello(client: ClientSecret)
    /// A new paste.
    case create(ref: UInt64, key: String?, expiresIn: Milliseconds?, isPrivate: Bool)
    /// Follow a paste, from a cursor if one is known. `pending`: the refs that wait for their acknowledgement.
    case subscribe(paste: String, after: Cursor?, pending: [UInt64])
    /// Change a paste: the one that is followed, or `paste`.
    case request(ref: UInt64, PasteRequest, paste: String?)
    /// End the followed paste now.
    case delete(ref: UInt64)
    /// Follow nothing any more.
    case unsubscribe
    /// Say `pong`.
    case ping

    /// Reads one message.
    ///
    /// Unknown fields are skipped, known ones are checked; `null` is the same as absence. A cursor that is
    /// incomplete or whose tag is not one of ours is no error but no cursor: the client gets a snapshot.
    /// - Parameters:
    ///   - json: One whole JSON text.
    ///   - knownKey: A `paste` that is spelled like this is this string, and no new one.
    /// - Throws: What to answer; with the message's `ref` if that could be read. The connection stays, but for
    ///   `badHello`, behind which it is closed with `CloseReason.badHello`.
    public init(json: Span<UInt8>, knownKey: String? = nil) throws(MessageError) {
        var object = JSONObject()
        try object.read(whole: json)
        let ref = object[.ref]?.integer.flatMap { $0 >= 1 ? UInt64($0) : nil }
        do throws(MessageError) {
            guard !object.hasLoneSurrogate else { throw MessageError(.badText, "a lone surrogate") }
            self = try Self.message(&object, ref, knownKey, json)
        } catch {
            throw MessageError(error.code, ref: ref, error.explanation)
        }
    }

    @inline(__always)
    private static func message(
        _ object: inout JSONObject, _ ref: UInt64?, _ knownKey: String?, _ json: Span<UInt8>
    ) throws(MessageError) -> ClientMessage {
        let type = try object.type(json)
        switch type {
        case .append, .edit, .keep, .remove, .clear, .extend:
            return .request(
                ref: try object.required(ref, json), try request(type, &object, json),
                paste: try object.key(.paste, known: knownKey, json))
        case .hello:
            // A code of its own: whoever stays without a name can resend nothing, so the caller closes.
            guard let token = object[.client], token.kind == .string, token.decodedCount == 32,
                let client = ClientSecret(hexadecimal: token.bytes(in: json))
            else { throw MessageError(.badHello, "`client` is not 32 hexadecimal digits") }
            return .hello(client: client)
        case .create:
            return .create(
                ref: try object.required(ref, json),
                key: try object.string(.key, json, limit: AnnouncedLimits.keyBytes),
                expiresIn: try object.time(.expiresIn, json), isPrivate: try object.flag(.private))
        case .subscribe:
            return .subscribe(
                paste: try object.requiredString(.paste, json, limit: AnnouncedLimits.keyBytes),
                after: try object.cursor(json), pending: try object.pending(json))
        case .delete: return .delete(ref: try object.required(ref, json))
        case .unsubscribe: return .unsubscribe
        case .ping: return .ping
        }
    }

    @inline(__always)
    private static func request(
        _ type: MessageType, _ object: inout JSONObject, _ json: Span<UInt8>
    ) throws(MessageError) -> PasteRequest {
        switch type {
        case .append: return .append(try object.text(.text, json))
        case .keep: return .keep(base: try object.requiredNumber(.base, json))
        case .remove: return .remove(item: try object.requiredNumber(.item, from: 1, json))
        case .clear: return .clear(through: try object.requiredNumber(.through, json))
        case .extend: return .extend(expiresIn: try object.requiredTime(.expiresIn, json))
        default:
            let target = try object.target(json)
            let base = try object.requiredNumber(.base, json)
            let edit = try object.edit(limit: AnnouncedLimits.editOps, json)
            guard !edit.ops.isEmpty else { throw MessageError(.badEdit, "`ops` is empty") }
            return .edit(target, base: base, edit)
        }
    }
}

/// What a client's message can be.
private enum MessageType: CaseIterable {
    case append, edit, keep, remove, clear, extend
    case hello, create, subscribe, delete, unsubscribe, ping

    static let names = NameTable<MessageType>()
}

extension JSONObject {
    @inline(__always)
    fileprivate mutating func type(_ json: Span<UInt8>) throws(MessageError) -> MessageType {
        let token = try requiredShort(.type, limit: 64)
        guard let type = MessageType.names.name(token, in: json) else {
            throw MessageError(.unknownType, "`type` is none of this version's")
        }
        return type
    }

    /// A key, if the field is there.
    @inline(__always)
    fileprivate mutating func key(_ field: Field, known: String?, _ json: Span<UInt8>) throws(MessageError) -> String? {
        if let known, let token = self[field], token.spells(known, in: json) { return known }
        return try string(field, json, limit: AnnouncedLimits.keyBytes)
    }

    /// The `ref`, if it was read; else what is wrong with it.
    @inline(__always)
    fileprivate mutating func required(_ ref: UInt64?, _ json: Span<UInt8>) throws(MessageError) -> UInt64 {
        guard let ref else { return try requiredNumber(.ref, from: 1, json) }
        return ref
    }

    fileprivate mutating func cursor(_ json: Span<UInt8>) throws(MessageError) -> Cursor? {
        let seq = try number(.after, json)
        let tag = try word(.tag, json)
        guard let seq, let tag else { return nil }
        return Cursor(seq: seq, tag: tag)
    }

    fileprivate mutating func pending(_ json: Span<UInt8>) throws(MessageError) -> [UInt64] {
        guard self[.pending] != nil else { return [] }
        var refs: [UInt64] = []
        for token in try elements(.pending, limit: AnnouncedLimits.pendingRefs, json) {
            guard let ref = token.integer, ref >= 1 else {
                throw .field(.pending, "holds something that is no ref")
            }
            refs.append(UInt64(ref))
        }
        return refs
    }
}
