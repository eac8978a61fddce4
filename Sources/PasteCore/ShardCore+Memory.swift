// Open pastes are in memory, and whoever knows keys can open many: their text together has a limit. Over it, pastes
// that nobody uses go first; then a paste that is not open can not be opened until others are closed.

import PasteModel
import PasteProtocol

extension ShardCore {
    /// How often pastes that nobody uses are looked for while memory is full.
    private static let tidyMilliseconds: Milliseconds = 1_000

    /// Whether one more paste may be read into memory.
    func hasMemory() -> Bool {
        if visitors.mayOpen() { return true }
        guard tidiedAt <= now - Self.tidyMilliseconds else { return false }
        tidiedAt = now
        for live in pastes.values where live.isUnused && live.paste != nil && !isRead(live) {
            forget(live)
        }
        return visitors.mayOpen()
    }

    /// Brings what a paste counts for to what it holds.
    func count(_ live: LivePaste) {
        let bytes = live.paste?.heldBytes ?? 0
        guard bytes != live.countedBytes else { return }
        visitors.holdOpen(bytes - live.countedBytes)
        live.countedBytes = bytes
    }

    /// Takes a paste out of memory.
    func forget(_ live: LivePaste) {
        put(nil, as: live.id)
        snapshotItems.forget(live.id)
        visitors.holdOpen(-live.countedBytes)
        live.countedBytes = 0
    }

    /// Tells everybody who waits for a paste to come back later.
    func refuseWaiters(of live: LivePaste) {
        for (session, wish) in live.takeWaiters() where !session.isClosing {
            session.wait = nil
            found(session)
            refuse(session, wish, busy(wish.ref))
            goOn(session)
        }
    }

    /// No memory now; pastes close all the time.
    func busy(_ ref: UInt64?) -> ErrorMessage {
        ErrorMessage(code: .busy, ref: ref, retryAfter: settings.fullSweepMilliseconds)
    }
}
