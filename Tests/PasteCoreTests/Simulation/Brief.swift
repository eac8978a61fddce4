import PasteModel
import PasteProtocol

// Messages for people who replay a seed.

extension ClientMessage {
    var brief: String {
        switch self {
        case .request(let ref, .append(let text), let paste): "append \(ref) (\(text.count) bytes) \(paste ?? "")"
        case .request(let ref, let request, _): "\(ref): \(request)"
        case .hello: "hello"
        default: "\(self)"
        }
    }
}

extension ServerMessage {
    var brief: String {
        switch self {
        case .welcome: "welcome"
        case .snapshot(let snapshot):
            "snapshot \(snapshot.cursor.seq), same \(snapshot.same), acked \(snapshot.acked.map(\.ref)), more \(snapshot.more)"
        case .items(let items, let more): "\(items.count) items, more \(more)"
        case .resumed(let resumed): "resumed \(resumed.cursor.seq), acked \(resumed.acked.map(\.ref))"
        case .event(let event): "event \(event.cursor.seq) ref \(event.ref) by \(event.author.rawValue >> 48)"
        case .ack(let receipt): "ack \(receipt.ref) = \(receipt.seq)"
        case .error(let error): "error \(error.ref ?? 0) \(error.code) \(error.retryAfter ?? 0)"
        default: "\(self)"
        }
    }
}
