// The client's side of writing: for the command line, the simulator and tests.

import PasteModel

extension ClientMessage {
    /// Appends the message as one JSON text.
    public func encode(into output: inout [UInt8]) {
        switch self {
        case .hello(let client):
            output.begin("hello")
            output.member(.client)
            output.append(UInt8(ascii: "\""))
            client.append(to: &output)
            output.append(UInt8(ascii: "\""))
        case .create(let ref, let key, let expiresIn, let isPrivate):
            output.begin("create")
            output.member(.ref, ref)
            if let key { output.member(.key, key) }
            if let expiresIn { output.member(.expiresIn, expiresIn) }
            if isPrivate { output.member(.private, true) }
        case .subscribe(let paste, let after, let pending):
            output.begin("subscribe")
            output.member(.paste, paste)
            if let after {
                output.member(.after, after.seq)
                output.member(hexadecimal: .tag, after.tag)
            }
            if !pending.isEmpty {
                output.member(.pending, list: pending) { $0.append(decimal: Int64(truncatingIfNeeded: $1)) }
            }
        case .request(let ref, let request, let paste):
            request.encode(ref: ref, into: &output)
            if let paste { output.member(.paste, paste) }
        case .delete(let ref):
            output.begin("delete")
            output.member(.ref, ref)
        case .unsubscribe: output.begin("unsubscribe")
        case .ping: output.begin("ping")
        }
        output.end()
    }
}

extension PasteRequest {
    fileprivate func encode(ref: UInt64, into output: inout [UInt8]) {
        switch self {
        case .append(let text):
            output.begin("append")
            output.member(.ref, ref)
            output.member(.text, text)
        case .edit(let target, let base, let edit):
            output.begin("edit")
            output.member(.ref, ref)
            output.member(target)
            output.member(.base, base)
            output.member(edit)
        case .keep(let base):
            output.begin("keep")
            output.member(.ref, ref)
            output.member(.base, base)
        case .remove(let item):
            output.begin("remove")
            output.member(.ref, ref)
            output.member(.item, item)
        case .clear(let through):
            output.begin("clear")
            output.member(.ref, ref)
            output.member(.through, through)
        case .extend(let expiresIn):
            output.begin("extend")
            output.member(.ref, ref)
            output.member(.expiresIn, expiresIn)
        }
    }
}

extension [UInt8] {
    /// The member `target`.
    mutating func member(_ target: EditTarget) {
        append(line: { $0.member(target) })
    }

    /// The member `ops`.
    mutating func member(_ edit: TextEdit) {
        member(.ops, list: edit.ops) { output, op in
            switch op {
            case .retain(let count): output.append(decimal: Int64(count))
            case .delete(let count): output.append(decimal: -Int64(count))
            case .insert(let text): output.append(json: text.utf8.span)
            }
        }
    }
}
