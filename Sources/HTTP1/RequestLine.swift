import HTTPTypes

/// The first line of a request (RFC 9112 section 3): method, target and version, one space between.
struct RequestLine: Sendable {
    let method: HTTPRequest.Method
    /// The target in origin-form.
    let target: String
    /// The authority of an absolute-form target, which rules over `Host`.
    let authority: Authority?
    let minorVersion: Int

    init(_ line: Span<UInt8>) throws(HTTPFailure) {
        guard let first = line.firstIndex(of: Byte.space, from: 0),
            let second = line.firstIndex(of: Byte.space, from: first &+ 1),
            line.firstIndex(of: Byte.space, from: second &+ 1) == nil
        else {
            throw .badRequest("A request line is a method, a target and a version with one space between.")
        }
        guard let name = String(line.extracting(..<first)), let method = HTTPRequest.Method(name) else {
            throw .badRequest("The method is not a token.")
        }
        self.method = method
        minorVersion = try RequestLine.minorVersion(line.extracting((second &+ 1)...))
        (target, authority) = try RequestLine.target(line.extracting((first &+ 1)..<second), method: method)
    }

    /// RFC 9112 section 2.3; a later minor version is treated as the newest that we know (RFC 9110 section 2.5).
    private static func minorVersion(_ text: Span<UInt8>) throws(HTTPFailure) -> Int {
        guard text.count == 8, text.extracting(..<5).equals("HTTP/"), text[5].isDigit, text[6] == 0x2E, text[7].isDigit
        else {
            throw .badRequest("The request line does not end in a version such as HTTP/1.1.")
        }
        guard text[5] == UInt8(ascii: "1") else {
            // The preface of HTTP/2 with prior knowledge, "PRI * HTTP/2.0" (RFC 9113 section 3.4), ends here too.
            throw HTTPFailure(.httpVersionNotSupported, "This server speaks HTTP/1.1 only.")
        }
        return min(Int(text[7] &- 0x30), 1)
    }

    /// The four forms of a target (RFC 9112 section 3.2).
    private static func target(
        _ text: Span<UInt8>, method: HTTPRequest.Method
    ) throws(HTTPFailure) -> (String, Authority?) {
        guard !text.isEmpty else { throw .badRequest("The target is empty.") }
        for index in text.indices {
            guard text[index] > Byte.space, text[index] < 0x7F, text[index] != UInt8(ascii: "#") else {
                throw .badRequest("The target holds a byte that must be percent-encoded.")
            }
        }
        // Authority-form is for CONNECT only, and CONNECT for proxies only.
        if method == .connect {
            throw HTTPFailure(.notImplemented, "This server is not a proxy.")
        }
        if text[0] == Byte.slash {
            return (String(text) ?? "/", nil)
        }
        if text.count == 1, text[0] == UInt8(ascii: "*") {
            throw method == .options
                ? HTTPFailure(.notImplemented, "This server has no options as a whole; ask for a path.")
                : .badRequest("The target * is for OPTIONS only.")
        }
        return try absolute(text)
    }

    /// Absolute-form, reduced to origin-form and its authority (RFC 9112 section 3.2.2: a server must accept it).
    private static func absolute(_ text: Span<UInt8>) throws(HTTPFailure) -> (String, Authority?) {
        let start: Int
        if text.count > 7, text.extracting(..<7).equals("http://") {
            start = 7
        } else if text.count > 8, text.extracting(..<8).equals("https://") {
            start = 8
        } else {
            throw .badRequest("The target must begin with a slash, http:// or https://.")
        }
        var end = start
        while end < text.count, text[end] != Byte.slash, text[end] != UInt8(ascii: "?") {
            end &+= 1
        }
        guard let authority = Authority(bytes: text.extracting(start..<end)) else {
            throw .badRequest("The target does not name a valid host.")
        }
        let path = String(text.extracting(end...)) ?? ""
        return (path.utf8.first == Byte.slash ? path : "/" + path, authority)
    }
}

extension Span<UInt8> {
    /// The first index of `byte` at or after `start`.
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether these are the bytes of `text`; letters of `text` in lower case match either case, in upper case only
    /// themselves.
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in text.description.utf8 {
            guard byte == self[index] || byte == self[index].lowercased else { return false }
            index &+= 1
        }
        return true
    }
}
