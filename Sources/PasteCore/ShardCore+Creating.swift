// New pastes: a key is tried, the store decides.

import Digest
import HTTP1
import PasteModel
import PasteProtocol

/// A `create` on its way.
struct Creation {
    let session: Session
    let ref: UInt64
    let key: PasteKey
    let generation: UInt64
    let expiresAt: Milliseconds
    /// How another key is made when this one is taken; `nil` for a key that a person chose.
    let strength: KeyStrength?
    let attempt: UInt64
}

extension ShardCore {
    func create(_ session: Session, ref: UInt64, key: String?, expiresIn: Milliseconds?, isPrivate: Bool) {
        let lifetime = expiresIn ?? min(settings.limits.defaultLifetime, settings.limits.lifetime)
        guard lifetime > 0, lifetime <= settings.limits.lifetime else {
            return refuse(session, ErrorMessage(Rejection.badExpiry(limit: settings.limits.lifetime), ref: ref))
        }
        let strength: KeyStrength?
        let first: PasteKey?
        if let key {
            strength = nil
            first = PasteKey(chosen: key)
        } else {
            let length: KeyStrength =
                isPrivate ? .private : pasteCount >= settings.shortKeyPastes ? .long : .short
            strength = length
            first = derivedKey(session, ref: ref, attempt: 0, length)
        }
        guard let first else {
            return refuse(session, .badKey, ref: ref)
        }
        if refusesToCreate(session, ref: ref) { return }
        // The same client and ref give the same key and the same generation: a repeated `create` finds its
        // first paste.
        let generation = hash.word("generation", client(of: session).bytes + ref.bigEndianBytes)
        session.inFlight += 1
        session.wait = .create
        tryKey(
            Creation(
                session: session, ref: ref, key: first, generation: generation,
                expiresAt: now + lifetime, strength: strength, attempt: 0))
    }

    private func tryKey(_ creation: Creation) {
        let id = PasteID(creation.key, hash: hash)
        creations[id, default: []].append(creation)
        effects.store.append(
            .create(id, generation: creation.generation, at: now, expiresAt: creation.expiresAt))
    }

    private func derivedKey(
        _ session: Session, ref: UInt64, attempt: UInt64, _ strength: KeyStrength
    ) -> PasteKey {
        .derived(strength, hash: hash, client: client(of: session).bytes, ref: ref, attempt: attempt)
    }

    /// The store has decided on a `create`.
    func created(_ id: PasteID, generation: UInt64, _ result: Result<CreatedPaste, StoreError>) {
        guard let index = creations[id]?.firstIndex(where: { $0.generation == generation }),
            let creation = creations[id]?.remove(at: index)
        else { return }
        if creations[id]?.isEmpty == true {
            creations[id] = nil
        }
        let session = creation.session
        switch result {
        case .success(let paste) where paste.expiresAt > now:
            visitors.stored(bytes: Self.pasteBytes, pastes: 1)
            if session.http == nil {
                announce(creation, paste)
                finishCreation(session)
            } else {
                goOnWithNewPaste(creation, paste)
            }
        case .success, .failure(.exists):
            let attempt = creation.attempt + 1
            guard let strength = creation.strength, attempt < settings.keyAttempts, !session.isClosing else {
                refuse(session, creation.strength == nil ? .keyTaken : .busy, ref: creation.ref)
                return finishCreation(session)
            }
            tryKey(
                Creation(
                    session: session, ref: creation.ref,
                    key: derivedKey(session, ref: creation.ref, attempt: attempt, strength),
                    generation: generation, expiresAt: creation.expiresAt, strength: strength, attempt: attempt))
        case .failure(let error):
            refuse(session, ErrorMessage(error, ref: creation.ref))
            finishCreation(session)
        }
    }

    private func finishCreation(_ session: Session) {
        unblock(session)
        settle(session)
    }

    private func announce(_ creation: Creation, _ paste: CreatedPaste) {
        let session = creation.session
        guard !session.isClosing else { return }
        send(session, .created(Created(creation, paste, url: url(of: creation.key, session))))
    }

    /// The address of a paste, as this client reaches it.
    func url(of key: PasteKey, _ session: Session) -> String {
        let host = session.http?.exchange.map { $0.head.authority?.description ?? "" } ?? session.host
        return host.isEmpty ? "/\(key.name)" : "\(session.isSecure ? "https" : "http")://\(host)/\(key.name)"
    }
}

extension Created {
    init(_ creation: Creation, _ paste: CreatedPaste, url: String) {
        self.init(
            ref: creation.ref, paste: creation.key.name, code: creation.key.code, url: url, cursor: paste.cursor,
            expiresAt: paste.expiresAt)
    }
}

extension PasteKey {
    /// The spelling that people are shown: words where there are some.
    var name: String { words ?? canonical }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> UInt64($0)) }
    }
}
