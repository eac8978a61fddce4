import HTTPTypes

/// A field whose value is a comma-separated list (RFC 9110 section 5.6.1), such as `Connection` or `Upgrade`.
public struct FieldList: Hashable, Sendable {
    /// The elements in their order, without the blanks around them and without empty ones.
    public let elements: [String]

    /// The elements of every line named `name`. Quoted strings are not understood: for lists of tokens.
    public init(_ name: HTTPField.Name, in fields: HTTPFields) {
        var elements: [String] = []
        for value in fields[values: name] {
            for part in value.utf8.split(separator: UInt8(ascii: ",")) {
                let element = part.drop(while: \.isBlank)
                if let last = element.lastIndex(where: { !$0.isBlank }) {
                    elements.append(String(element[...last]) ?? "")
                }
            }
        }
        self.elements = elements
    }

    /// Whether one element is `token`; the case of ASCII letters does not matter.
    public func contains(_ token: String) -> Bool {
        elements.contains { $0.equalsIgnoringCase(token) }
    }
}
