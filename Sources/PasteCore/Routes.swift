// Where a request leads (PROTOCOL.md, "HTTP"): method, path and `Accept` go in, a route or a refusal comes out. Pure:
// whether there is such a paste is found out later, where misses are counted.

import HTTP1
import HTTPTypes
import PasteModel

/// A key in an address.
struct Address: Hashable, Sendable {
    let key: PasteKey
    /// As it was written there.
    let spelling: String

    init?(_ segment: some StringProtocol) {
        spelling = String(segment)
        guard let key = PasteKey(parsing: spelling) else { return nil }
        self.key = key
    }

    /// A key that was made, as people are shown it.
    init(_ key: PasteKey) {
        self.key = key
        spelling = key.name
    }

    /// The key that a `PUT` names; nil when the segment is the name of a file, as `curl -T FILE https://host/` sends it.
    ///
    /// A key may be typed with dots, and `notes.txt` reads as the code `N0TESTXT`. What a person says out loud stays a
    /// key with any separators; with a dot in it, everything else is a file.
    init?(putTo segment: String) {
        self.init(segment)
        guard segment.utf8.contains(UInt8(ascii: ".")) else { return }
        let letters = segment.lowercased().filter { !" -_.".contains($0) }
        guard let words = key.words, words.filter({ $0 != "-" }) == letters else { return nil }
    }
}

/// What is asked of one paste.
enum Errand: Hashable, Sendable {
    case newest, item(UInt64), pad, snapshot, events, reading
    case append, message
    case remove(UInt64), end

    /// Whether it changes something.
    var isChange: Bool {
        switch self {
        case .newest, .item, .pad, .snapshot, .events, .reading: false
        case .append, .message, .remove, .end: true
        }
    }
}

/// What a request asks for.
enum Route: Hashable, Sendable {
    /// The page, which finds out by itself whether there is such a paste.
    case page
    /// The same for who has no scripts: a form for a new paste and one for a key.
    case plainPage
    /// That form's key: the way to its paste without scripts.
    case plainPaste(Address)
    /// A file of the site, by its path.
    case asset(String)
    /// The door to the WebSocket.
    case webSocket
    /// A new paste of the content.
    case make
    /// A new paste by the protocol's message.
    case makeByMessage
    /// The QR code of a paste's address.
    case code(Address)
    /// Something of a paste, which has to be looked up.
    case paste(Address, Errand)

    /// Whether content is awaited.
    var takesContent: Bool {
        switch self {
        case .make, .makeByMessage, .paste(_, .append), .paste(_, .message): true
        case .page, .plainPage, .plainPaste, .asset, .webSocket, .code, .paste: false
        }
    }

    /// Whether something may be changed: then a foreign page may not ask for it.
    var isChange: Bool {
        switch self {
        case .make, .makeByMessage: true
        case .paste(_, let errand): errand.isChange
        case .page, .plainPage, .plainPaste, .asset, .webSocket, .code: false
        }
    }
}

extension Route {
    /// The route of a request.
    /// - Parameters:
    ///   - prefersPage: Whether the client would rather have a page than a text: a browser.
    ///   - isFile: Whether the site has a file of this path.
    /// - Throws: 404, 405 with `Allow`, or 501 for a method that no resource knows (RFC 9110 section 15.6.2).
    init(
        _ method: HTTPRequest.Method, _ path: RequestPath, prefersPage: Bool, isFile: (String) -> Bool
    ) throws(HTTPFailure) {
        try Self.check(method)
        let isReading = method == .get || method == .head
        let isWriting = method == .put || method == .post
        let file = "/" + path.segments.joined(separator: "/")
        let allowed: String
        switch Place(path, isFile: method == .put ? { _ in false } : isFile, isPut: method == .put) {
        case .home:
            if isReading {
                self = try Self.home(path)
            } else if isWriting {
                self = .make
            } else {
                throw Self.wrong(Self.both)
            }
            return
        case .file:
            if isReading { self = .asset(file) } else { throw Self.wrong(Self.reading) }
            return
        case .live:
            if method == .post { self = .makeByMessage } else { self = .webSocket }
            return
        case .name:
            // Nothing is there, and nothing but a PUT makes something of it.
            guard method == .put else { throw HTTPFailure(.notFound, "There is nothing here.") }
            self = .make
            return
        case .nothing:
            throw HTTPFailure(.notFound, "There is nothing here.")
        case .paste(let address):
            if isReading {
                // The page is the same for every key, so that what it links to without a script is a query of its own.
                let isPlain = path.parameter(Self.plain) != nil
                self = isPlain ? .paste(address, .reading) : prefersPage ? .page : .paste(address, .newest)
            } else if isWriting {
                self = .paste(address, .append)
            } else if method == .delete {
                self = .paste(address, .end)
            } else {
                throw Self.wrong("\(Self.both), DELETE")
            }
            return
        case .upload(let address):
            guard method == .put else { throw HTTPFailure(.notFound, "There is nothing here.") }
            self = .paste(address, .append)
            return
        case .item(let address, let number):
            if method == .delete {
                self = .paste(address, .remove(number))
                return
            }
            allowed = "\(Self.reading), DELETE"
            self = .paste(address, .item(number))
        case .part(let address, let errand):
            allowed = Self.reading
            self = .paste(address, errand)
        case .code(let address):
            allowed = Self.reading
            self = .code(address)
        case .messages(let address):
            guard method == .post else { throw Self.wrong("POST") }
            self = .paste(address, .message)
            return
        }
        guard isReading else { throw Self.wrong(allowed) }
    }

    private static let plain = "read"

    private static func home(_ path: RequestPath) throws(HTTPFailure) -> Route {
        guard path.parameter(plain) != nil else { return .page }
        guard let key = path.parameter("key") else { return .plainPage }
        guard let address = Address(key) else { throw HTTPFailure(.notFound, "This is no key.") }
        return .plainPaste(address)
    }

    private static let reading = "GET, HEAD"
    private static let both = "GET, HEAD, PUT, POST"

    private static func wrong(_ allowed: String) -> HTTPFailure {
        let names = allowed.split(separator: ", ").joined(separator: " and ")
        return HTTPFailure(
            .methodNotAllowed, allowed == reading ? "Only GET and HEAD work here." : "What works here is \(names).",
            fields: [.allow: allowed])
    }

    /// Why this method is refused where only some are allowed.
    static func unknownOrWrong(_ method: HTTPRequest.Method, allowed: String) throws(HTTPFailure) -> HTTPFailure {
        try check(method)
        return wrong(allowed)
    }

    /// A method that no resource knows is another error than one that this resource does not have (RFC 9110
    /// sections 15.5.6 and 15.6.2). Methods differ by case.
    private static func check(_ method: HTTPRequest.Method) throws(HTTPFailure) {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace]
        guard known.contains(method) else {
            throw HTTPFailure(.notImplemented, "This server does not know the method.")
        }
    }
}

/// What stands at a path, whatever is asked of it.
private enum Place {
    case home, file, live, nothing
    /// One segment that is no key.
    case name
    case paste(Address)
    case item(Address, UInt64)
    case part(Address, Errand)
    case code(Address)
    case messages(Address)
    /// A file below a key: what `curl -T FILE https://host/KEY/` names.
    case upload(Address)

    init(_ path: RequestPath, isFile: (String) -> Bool, isPut: Bool) {
        let segments = path.segments
        guard let first = segments.first else {
            self = .home
            return
        }
        if segments == ["live"] {
            self = .live
        } else if isFile("/" + segments.joined(separator: "/")) {
            self = .file
        } else if segments.count == 1 {
            self = isPut ? Address(putTo: first).map { .paste($0) } ?? .name : Self.read(first)
        } else if let address = Address(first) {
            self = Self.below(address, segments.dropFirst(), isPut: isPut)
        } else {
            self = .nothing
        }
    }

    private static func read(_ segment: String) -> Place {
        if segment.hasSuffix(".json"), let address = Address(segment.dropLast(5)) {
            return .part(address, .snapshot)
        }
        return Address(segment).map { .paste($0) } ?? .name
    }

    private static func below(_ address: Address, _ rest: ArraySlice<String>, isPut: Bool) -> Place {
        switch Array(rest) {
        case ["pad"]: return .part(address, .pad)
        case ["events"]: return .part(address, .events)
        case ["read"]: return .part(address, .reading)
        case ["qr.svg"]: return .code(address)
        case ["live"]: return .messages(address)
        case ["items"]: return .nothing
        case let parts where parts.count == 2 && parts[0] == "items":
            return Self.number(parts[1]).map { .item(address, $0) } ?? .nothing
        case let parts where parts.count == 1 && isPut: return .upload(address)
        default: return .nothing
        }
    }

    /// A number as the server writes it: there is one address for one item.
    private static func number(_ text: String) -> UInt64? {
        guard let number = UInt64(text), number >= 1, number < 1 << 53, String(number) == text else { return nil }
        return number
    }
}
