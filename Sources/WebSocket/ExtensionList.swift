import HTTP1
import HTTPTypes

/// One element of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1): a name, and parameters of which some have a value.
struct ExtensionElement: Hashable, Sendable {
    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String?
    }

    let name: String
    var parameters: [Parameter] = []
}

/// The value of `Sec-WebSocket-Extensions`, its lines together.
enum ExtensionList {
    /// The elements in their order; nil for what is not in the field's grammar, upon which "the recipient MUST
    /// immediately _Fail the WebSocket Connection_".
    static func elements(_ fields: HTTPFields) -> [ExtensionElement]? {
        var elements: [ExtensionElement] = []
        for line in fields[values: .secWebSocketExtensions] {
            var reader = Reader(bytes: Array(line.utf8))
            // Empty elements are allowed in lists (RFC 9110 section 5.6.1.2).
            repeat {
                if let name = reader.token() {
                    var element = ExtensionElement(name: name)
                    while reader.take(UInt8(ascii: ";")) {
                        guard let parameter = reader.parameter() else { return nil }
                        element.parameters.append(parameter)
                    }
                    elements.append(element)
                }
            } while reader.take(UInt8(ascii: ","))
            guard reader.isAtEnd else { return nil }
        }
        return elements
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        /// Skips blanks.
        var isAtEnd: Bool {
            mutating get {
                while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
                return index == bytes.count
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard !isAtEnd, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func token() -> String? {
            guard !isAtEnd else { return nil }
            let token = bytes[index...].prefix(while: \.isTokenByte)
            index = token.endIndex
            return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
        }

        mutating func parameter() -> ExtensionElement.Parameter? {
            guard let name = token() else { return nil }
            guard take(UInt8(ascii: "=")) else { return .init(name: name, value: nil) }
            guard let value = take(UInt8(ascii: "\"")) ? quoted() : token() else { return nil }
            return .init(name: name, value: value)
        }

        /// The rest of a quoted string, whose content must be a token once it is unescaped.
        private mutating func quoted() -> String? {
            var value: [UInt8] = []
            while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                if bytes[index] == UInt8(ascii: "\\") { index += 1 }
                guard index < bytes.count, bytes[index].isTokenByte else { return nil }
                value.append(bytes[index])
                index += 1
            }
            guard index < bytes.count, !value.isEmpty else { return nil }
            index += 1
            return String(decoding: value, as: UTF8.self)
        }
    }
}

extension UInt8 {
    /// `tchar` (RFC 9110 section 5.6.2).
    fileprivate var isTokenByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
