// From bytes to requests and messages, as far as a session may go on.

import WebSocket

extension ShardCore {
    /// Looks at bytes until they are used up or the session has to wait; what is left then is held.
    func lookAt(_ bytes: inout MutableSpan<UInt8>, of session: Session) {
        var offset = 0
        // A drain answers what was asked before it; more would keep it from its end.
        while session.wait == nil, !session.isClosing, !(session.isLeaving && session.inFlight > 0) {
            let hasMore =
                session.webSocket == nil
                ? lookAtRequest(bytes.span, at: &offset, of: session) : lookAtFrames(&bytes, at: &offset, of: session)
            guard hasMore else { break }
            if session.wait == nil, session.outbox.weight > settings.outboxHighWaterBytes {
                session.wait = .outbox
            }
        }
        if offset < bytes.count, !session.isClosing {
            if session.stream == nil {
                session.hold(bytes.span.extracting(offset..<bytes.count))
            } else {
                skipInput(session, bytes.count - offset)
            }
        }
        if session.webSocket != nil, !session.isClosing {
            timeMessage(of: session)
        }
        account(session)
        chargeInput(session)
    }

    /// A message has a bounded time from its first byte to its last, however many fragments it has.
    private func timeMessage(of session: Session) {
        if session.webSocket?.isMidMessage != true {
            session.messageBegunAt = nil
        } else if session.messageBegunAt == nil {
            session.messageBegunAt = now
            call(session, at: now + settings.messageMilliseconds)
        }
    }

    func lookAtHeld(_ session: Session) {
        guard session.wait == nil, !session.isClosing else { return }
        if session.isReturning { return sendHome(session, rests: false) }
        var bytes = session.held
        session.held = []
        var span = bytes.mutableSpan
        lookAt(&span, of: session)
        if session.isLeaving, session.wait == nil, session.inFlight == 0 {
            return finishForDrain(session)
        }
        if session.wait == nil, !session.isClosing, session.isPaused {
            session.isPaused = false
            effects.resumed.append(session.id)
        }
    }

    /// The reason to wait is gone: held input is looked at before the tick ends.
    func unblock(_ session: Session) {
        guard session.wait != nil else { return }
        session.wait = nil
        unblocked.append(session)
    }
}
