import PasteModel
import PasteProtocol

extension Device {
    /// Does something that a person, a script or bad luck would do.
    func act(_ call: Call) {
        guard call.isOpen else { return }
        if dice.chance(world.plan.cutsConnections ? 12 : 0) {
            return trouble(call)
        }
        if isQuiet, current != nil, !dice.chance(60) { return }
        switch manner {
        case .script: actAsScript()
        case .viewer: actAsViewer(call)
        }
    }

    private func trouble(_ call: Call) {
        call.isHarmed = true
        switch dice.within(0...6) {
        case 0:
            hangUp()
        case 1:
            // The server does not learn of it until it asks.
            call.link.cut(serverLearnsAfter: 200_000, clientLearnsAfter: dice.milliseconds(0...2_000))
        case 2:
            // The device does not learn of it.
            call.link.cut(serverLearnsAfter: dice.milliseconds(0...2_000), clientLearnsAfter: 200_000)
        case 3:
            call.link.readsFrom = now + dice.milliseconds(1_000...100_000)
        default:
            call.link.cut(
                serverLearnsAfter: dice.milliseconds(0...300), clientLearnsAfter: dice.milliseconds(0...300))
        }
    }

    private func actAsScript() {
        guard dice.chance(300), let key = dice.pick(from: world.keys) else { return }
        let file = file(key)
        guard !file.isOver else { return }
        wish(.append(Texts.random(dice, limit: world.plan.limits.textBytes)), of: file)
    }

    private func actAsViewer(_ call: Call) {
        guard let current, !current.isOver else { return choosePaste() }
        guard call.isLevel, call.following === current, let known = current.known else { return }
        switch dice.within(0...999) {
        case 0..<260:
            wish(.append(Texts.random(dice, limit: world.plan.limits.textBytes)), of: current)
        case 260..<300:
            for _ in 0..<dice.within(2...30) {
                wish(.append(Texts.compose(dice, pieces: 3)), of: current)
            }
        case 300..<340:
            wish(.remove(item: dice.pick(from: known.items)?.number ?? UInt64(dice.within(1...9))), of: current)
        case 340..<350:
            wish(.clear(through: dice.pick(from: known.items)?.number ?? 3), of: current)
        case 350..<365:
            wish(.extend(expiresIn: dice.milliseconds(dice.pick(0...600_001, 600_000...600_001))), of: current)
        case 365..<375:
            wish(.keep(base: known.padSeq), of: current)
        case 375..<395:
            clickTwice(current, call)
        case 395..<403:
            if let key = dice.pick(from: world.keys), key != current.key {
                // The requests to this one stay in its file until the device comes back.
                self.current = file(key)
                call.isLevel = false
                call.mustSubscribe = true
                forgetSent()
            }
        case 403..<408:
            send(.unsubscribe, on: call)
            call.leveled = nil
            call.mustSubscribe = true
            call.isLevel = false
        case 408..<416:
            openAgain(call)
        case 416..<426:
            send(.ping, on: call)
        case 426..<428 where world.plan.deletes:
            let ref = takeRef()
            world.ledger.askedToDelete(current.id)
            current.outbox.append(File.Wish(ref: ref, message: .delete(ref: ref)))
        default:
            break
        }
    }

    private func choosePaste() {
        guard creation == nil else { return }
        let live = world.keys.filter { key in !files.contains { $0.key == key && $0.isOver } }
        if let key = dice.pick(from: live), live.count >= world.plan.pastes || dice.chance(700) {
            current = file(key)
        } else if world.mayCreate() {
            let ref = takeRef()
            let life = dice.chance(500) ? nil : Int64(dice.within(3_000...600_000))
            creation = (ref, .create(ref: ref, key: nil, expiresIn: life, isPrivate: dice.chance(100)), 0, false)
        }
    }

    /// The person wants something of the paste: it waits in the outbox until the server has it.
    private func wish(_ request: PasteRequest, of file: File) {
        guard mayAsk(of: file) else { return }
        let ref = takeRef()
        world.ledger.asked(file.author, ref, request, of: file.id)
        file.outbox.append(File.Wish(ref: ref, message: .request(ref: ref, request, paste: nil)))
    }

    /// What is long unanswered must not become older than the server remembers.
    func mayAsk(of file: File) -> Bool {
        file.outbox.count < 40 && (file.outbox.first?.ref).map { $0 + 50 > nextRefToTake } != false
    }

    /// A request is sent again although its answer is on its way.
    private func clickTwice(_ file: File, _ call: Call) {
        guard let index = dice.pick(from: file.outbox.indices.filter { file.outbox[$0].isSent }) else { return }
        file.outbox[index].isDoubled = true
        send(file.outbox[index].message, on: call)
    }

    /// The device connects once more while its connection lives on; that one sends what waits, too.
    private func openAgain(_ call: Call) {
        call.isGhost = true
        if let file = call.following {
            for index in file.outbox.indices.prefix(3) {
                file.outbox[index].isDoubled = true
                send(file.outbox[index].message, on: call)
            }
        }
        connect()
        if self.call === call {
            call.isGhost = false
        }
    }
}
