import PasteModel
import PasteProtocol
import WebSocket

/// Somebody who means no good, or whose software is broken. What it gets back is its own affair; all others must
/// not notice.
final class Vandal {
    private let world: World
    private let number: Int
    private var link: Link?
    private var wire: ClientWire

    init(number: Int, world: World) {
        self.number = number
        self.world = world
        wire = ClientWire(dice: world.dice)
    }

    func live() {
        guard !world.isHealed else {
            link?.clientEnds()
            return
        }
        act()
        world.agenda.plan(after: world.dice.milliseconds(5...400)) { [self] in live() }
    }

    private func act() {
        let dice = world.dice
        guard let link, !link.isLostToClient, !dice.chance(100) else {
            link?.clientEnds()
            link = world.makeLink(.none)
            wire = ClientWire(dice: dice)
            if let link, let shard = dice.pick(from: world.shards) {
                shard.accept(link)
                if dice.chance(800) { link.clientSends(wire.request) }
            }
            return
        }
        link.clientSends(nuisance(dice))
    }

    private func nuisance(_ dice: Dice) -> [UInt8] {
        switch dice.within(0...11) {
        case 0: return (0..<dice.within(1...200)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
        case 1: return Array("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".utf8)
        case 2: return Array("GET /\u{0}".utf8)
        // An unmasked frame, a reserved bit, a length of 2^62, half a frame.
        case 3: return [0x81, 0x02, 0x7B, 0x7D]
        case 4: return [0xC1, 0x80, 0, 0, 0, 0]
        case 5: return [0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
        case 6: return [0x81, 0xFE, 0x10]
        case 7: return text("{\"type\":\"append\",\"ref\":1e99,\"text\":\"\\ud800\"}")
        case 8: return text(String(repeating: "[", count: 500))
        case 9: return text("{\"type\":\"subscribe\",\"paste\":\"../../etc/passwd\"}")
        case 10:
            let key = ["no-such-paste-anywhere", "my-own-key-2"][dice.within(0...1)]
            return wire.frame(.request(ref: dice.next() >> 12 | 1, .append(Text("x")), paste: key))
        default:
            return wire.frame(.subscribe(paste: "my-own-key-\(dice.within(1...9))", after: nil, pending: []))
        }
    }

    private func text(_ json: String) -> [UInt8] {
        ClientFrame.text(Array(json.utf8), maskingKey: UInt32(truncatingIfNeeded: world.dice.next()))
    }
}
