import PasteModel
import PasteProtocol

extension Device {
    /// A message on the newest connection.
    func take(_ message: ServerMessage, on call: Call) {
        let file = call.following
        let isEarlier = check(message, on: call)
        if isEarlier { return }
        switch message {
        case .welcome:
            call.isOpen = true
            send(.hello(client: secret), on: call)
        case .created(let created):
            guard let creation, creation.ref == created.ref else { return }
            self.creation = nil
            world.publish(created.paste)
            current = self.file(created.paste)
        case .snapshot(let snapshot):
            file?.take(
                snapshot, askedFrom: call.askedFrom, mayInterrupt: call.subscriptions > 1,
                goesOn: call.leveled === file)
            call.askedFrom = nil
            call.isLevel = !snapshot.more
            call.leveled = snapshot.more ? nil : file
            call.mayHearOldError = false
        case .items(let items, let more):
            file?.take(items: items, more: more, mayBeEarlier: call.subscriptions > 1)
            call.isLevel = !more
            call.leveled = more ? nil : file
        case .resumed(let resumed):
            file?.take(resumed)
            call.askedFrom = nil
            call.isLevel = true
            call.leveled = file
        case .event(let event):
            file?.take(event)
        case .ack(let receipt):
            files.first { $0.outbox.contains { $0.ref == receipt.ref } }?.take(receipt)
        case .expired(let key, _):
            files.first { $0.key == key }?.end()
            if file?.key == key {
                call.mayHearOldError = !call.isLevel && call.subscriptions > 1
                call.following = nil
                call.mustSubscribe = false
            }
        case .error(let error):
            take(error, on: call)
        case .devices, .pong:
            break
        }
    }

    /// What is held against the truth on every connection, the newest or not.
    /// - Returns: Whether the message is about the paste that was followed before.
    @discardableResult
    func check(_ message: ServerMessage, on call: Call) -> Bool {
        let ledger = world.ledger
        switch message {
        case .event(let event):
            guard let file = call.earlier ?? call.following else {
                ledger.violation("device \(name): an event of nothing that it follows")
                return true
            }
            ledger.shown(event, of: file.id)
            return call.earlier != nil
        case .items where call.earlier != nil, .resumed where call.earlier != nil:
            return true
        case .snapshot(let snapshot):
            guard let file = call.following else {
                ledger.violation("device \(name): a snapshot of nothing that it follows")
                return true
            }
            if call.earlier != nil, snapshot.paste != file.key { return true }
            call.earlier = nil
            ledger.shown(snapshot.cursor, of: file.id, as: "a snapshot")
        case .created(let created):
            let (id, _) = world.identify(created.paste, secret)
            ledger.expect(ledger.book(id)?.origin == created.cursor, "law 1: created and not durable")
        case .expired(let key, let reason):
            ledger.ended(world.identify(key, secret).0, reason, now: now)
        default:
            break
        }
        return false
    }

    private func take(_ error: ErrorMessage, on call: Call) {
        guard let code = error.known else {
            return world.ledger.violation("device \(name): unknown code \(error.code)")
        }
        world.count(code)
        guard let ref = error.ref else { return subscribeFailed(code, call) }
        if creation?.ref == ref {
            return creationFailed(code, error)
        }
        guard let file = files.first(where: { $0.outbox.contains { $0.ref == ref } }),
            let index = file.outbox.firstIndex(where: { $0.ref == ref })
        else { return }
        if code == .staleBase, file.outbox[index].target != nil {
            file.outbox[index].isHeld = true
            file.needsSnapshot = true
            return
        }
        // A person who can't keep the pad that was seen looks again.
        if error.retry != .never, code != .staleBase {
            file.outbox[index].isSent = false
            file.outbox[index].from = now + (error.retryAfter ?? dice.milliseconds(50...400))
            return
        }
        let wish = file.outbox.remove(at: index)
        file.refused(wish)
        switch code {
        case .noSuchPaste:
            world.ledger.noSuchPaste(file.id, now: now)
            if manner == .script { file.end() }
        case .notSubscribed:
            // Sent before the end of the paste was heard.
            world.ledger.expect(file.isOver, "device \(name): not subscribed to what it follows")
        case .emptyText, .textTooLarge, .pasteFull, .tooManyItems, .noSuchItem, .badExpiry, .staleBase:
            world.ledger.expect(
                wish.isDoubled || world.ledger.seq(file.author, ref, of: file.id) == nil,
                "law 2: ref \(ref) was refused as \(code) and took effect")
        default:
            world.ledger.violation("device \(name): ref \(ref) was refused as \(code)")
        }
    }

    private func subscribeFailed(_ code: ErrorCode, _ call: Call) {
        if call.mayHearOldError {
            // Of the old one or the new one: asking again costs little.
            call.mayHearOldError = false
            call.mustSubscribe = call.following != nil
            return
        }
        guard let file = call.following else {
            // The end of the paste came first.
            return world.ledger.expect(code == .noSuchPaste, "device \(name): \(code) for nothing")
        }
        call.following = nil
        call.earlier = nil
        switch code {
        case .noSuchPaste:
            world.ledger.noSuchPaste(file.id, now: now)
            file.end()
        case .busy, .unavailable, .storageFull:
            // Tried again by the next thought.
            break
        default:
            world.ledger.violation("device \(name): subscribe was refused as \(code)")
        }
    }

    private func creationFailed(_ code: ErrorCode, _ error: ErrorMessage) {
        guard error.retry == .never else {
            creation?.isSent = false
            creation?.from = now + (error.retryAfter ?? dice.milliseconds(50...400))
            return
        }
        world.ledger.expect(code == .keyTaken, "device \(name): create was refused as \(code)")
        creation = nil
    }
}
