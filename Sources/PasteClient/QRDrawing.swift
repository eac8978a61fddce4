// A QR code in the terminal: two modules in one character by half blocks.

import QRCode

/// A QR code that is drawn with characters.
public struct QRDrawing: Hashable, Sendable {
    private let code: QRCode

    /// The code of a text; nil when the text is too long for one.
    public init?(_ text: String) {
        guard let code = QRCode(text) else { return nil }
        self.code = code
    }

    /// Modules a side.
    public var width: Int { code.width }

    /// Whether that module is dark; all around the code is light.
    public func isDark(_ x: Int, _ y: Int) -> Bool { code.isDark(x, y) }

    static let margin = QRCode.margin

    /// Columns that the drawing takes.
    public var columns: Int { width + 2 * Self.margin }

    /// The lines, with both colours set for each, so that it is dark on light whatever the terminal's own colours are.
    /// - Parameter isColoured: False for what is no terminal: full blocks are light then, as on a dark screen.
    public func lines(isColoured: Bool = true) -> [String] {
        stride(from: -Self.margin, to: width + Self.margin, by: 2).map { y in
            let line = (-Self.margin..<width + Self.margin).map { x -> Character in
                // Light is the foreground: a block that is drawn.
                switch (isDark(x, y), isDark(x, y + 1)) {
                case (false, false): "\u{2588}"
                case (false, true): "\u{2580}"
                case (true, false): "\u{2584}"
                case (true, true): " "
                }
            }
            return isColoured ? "\u{1B}[38;5;231;48;5;16m\(String(line))\u{1B}[0m" : String(line)
        }
    }
}
