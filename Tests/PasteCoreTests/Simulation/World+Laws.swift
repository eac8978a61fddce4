import PasteModel

@testable import PasteCore

extension World {
    /// Law 6: what one connection costs is bounded, whatever its device does.
    func checkBounds(of shard: SimulatedShard) {
        let settings = plan.settings
        // A part of a snapshot or a refill ends behind the text that passes its limit; JSON makes six bytes of one
        // at most, and names take some.
        let text = 6 * (plan.limits.textBytes + max(settings.refillBytes, settings.snapshotPartBytes)) + 16_384
        for case let session? in shard.core.sessions {
            if session.outbox.byteCount > settings.outboxHighWaterBytes + text {
                ledger.violation("law 6: \(session.outbox.byteCount) bytes wait for one device")
            }
            if session.held.count > 65_536 + 16_384 {
                ledger.violation("law 6: \(session.held.count) bytes of one device are held")
            }
        }
    }

    /// Who is a viewer is there, and is nobody's viewer else.
    func checkViewers(of shard: SimulatedShard) {
        for live in Array(shard.core.pastes.values) + Array(shard.core.followed.values) {
            ledger.expect(
                live.viewersByAuthor.count == live.viewers.count, "a device is found that does not follow any more")
            for (index, viewer) in live.viewers.enumerated() {
                ledger.expect(
                    shard.core.session(viewer.id) === viewer && viewer.view?.paste === live
                        && viewer.view?.index == index && !viewer.isClosing,
                    "a paste is shown to a connection that is gone")
                ledger.expect(
                    viewer.view.flatMap { live.viewer($0.author) } === viewer, "a device is not found among the viewers"
                )
            }
        }
    }

    /// When everything works again, everybody gets level and every request its answer.
    func checkLiveness() {
        for onlooker in onlookers where !onlooker.isAtRest {
            ledger.violation("liveness: \(onlooker.brief) is not level")
        }
        for curl in curls where !curl.isAtRest { ledger.violation("liveness: a request by HTTP has no answer") }
        for device in devices where !device.isAtRest {
            let waiting = device.files.filter { !$0.isOver }.flatMap { $0.outbox.map(\.ref) }
            ledger.violation(
                """
                liveness: device \(device.name) (\(device.manner)) is not at rest: refs \(waiting), \
                call \(device.call.map { "open \($0.isOpen), level \($0.isLevel)" } ?? "none"), at \
                \(device.current?.known?.cursor.seq ?? 0) of \
                \(device.current.flatMap { ledger.book($0.id)?.head.cursor.seq } ?? 0)
                """)
        }
    }

    /// Laws 2 and 3: devices, cores and disk tell the same story.
    func checkAgreement() {
        for onlooker in onlookers { onlooker.expectTruth() }
        for device in devices {
            for file in device.files {
                for ref in file.acknowledged where ledger.seq(file.author, ref, of: file.id) == nil {
                    guard ledger.isKeep(file.author, ref, of: file.id) else {
                        ledger.violation("law 2: ref \(ref) of device \(device.name) was acknowledged and is nowhere")
                        continue
                    }
                }
                if file === device.current, file.known != nil, !file.isOver {
                    file.expectTruth("at the end")
                }
            }
        }
        for id in ledger.ids {
            guard let book = ledger.book(id), !book.isRemoved else {
                ledger.expect(store.stored(id) == nil, "law 5: a removed paste is on the disk")
                continue
            }
            guard let stored = store.stored(id) else {
                ledger.violation("law 1: a paste is not on the disk any more")
                continue
            }
            var state = stored.checkpoint
            state.clients = ClientTable()
            for event in stored.events {
                ledger.expect(state.follow(event), "law 3: the stored log does not follow its rules")
            }
            ledger.expect(state == book.head, "law 3: the disk holds another state")
            for shard in shards {
                guard let committed = shard.core.pastes[id]?.paste?.committed else { continue }
                ledger.expect(id.home(of: shards.count) == shard.number, "a paste lives away from its home")
                ledger.expect(committed.cursor == book.head.cursor, "law 3: a core holds another cursor")
                ledger.expect(committed.items == book.head.items, "law 3: a core holds other items")
            }
        }
    }

    /// What people typed: lost, doubled, diverged are none.
    func checkLetters() {
        for device in devices {
            for file in device.files where !file.isOver { file.expectDraftsLevel() }
        }
        let books = ledger.ids.compactMap { id in ledger.book(id).map { (id: id, book: $0) } }
        for wrong in ledger.letters.check(books) { ledger.violation(wrong) }
    }

    /// Law 5: when the time of every paste is over, nothing is left of them anywhere and every viewer was told.
    func outliveEverything() {
        let end = agenda.now + plan.limits.lifetime + 60_000
        while ledger.violations.isEmpty, agenda.step(until: end) {}
        for id in ledger.ids {
            ledger.expect(ledger.book(id)?.isRemoved == true, "law 5: an expired paste was not removed")
            ledger.expect(store.stored(id) == nil, "law 5: an expired paste is on the disk")
            for shard in shards {
                ledger.expect(
                    shard.core.pastes[id] == nil && shard.core.followed[id] == nil && shard.core.overs[id] == nil,
                    "law 5: an expired paste is in memory")
            }
        }
        for device in devices {
            if device.manner == .viewer, let current = device.current {
                ledger.expect(current.isOver, "law 5: device \(device.name) was not told of the end")
            }
        }
    }
}
