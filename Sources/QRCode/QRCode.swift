// QR codes, by libqrencode. Pure: no I/O, any thread.

import CQREncode

/// A QR code's modules.
public struct QRCode: Hashable, Sendable {
    /// Modules a side.
    public let width: Int
    private let dark: [Bool]
    /// Light modules around it, without which it is not found (ISO/IEC 18004 asks for four).
    public static let margin = 4

    /// The code of a text, error correction M; nil when the text is too long for one.
    public init?(_ text: String) {
        var modules = [UInt8](repeating: 0, count: Int(pasted_qr_widest * pasted_qr_widest))
        let bytes = Array(text.utf8)
        width = Int(unsafe pasted_qr(bytes, bytes.count, &modules))
        guard width > 0 else { return nil }
        dark = modules.prefix(width * width).map { $0 == 1 }
    }

    /// Whether that module is dark; all around the code is light.
    public func isDark(_ x: Int, _ y: Int) -> Bool {
        (0..<width).contains(x) && (0..<width).contains(y) && dark[y * width + x]
    }

    /// The code as an SVG drawing, dark on light whatever is behind it: one path, a rectangle for each run of modules.
    public var svg: String {
        let side = width + 2 * Self.margin
        var path = ""
        for y in 0..<width {
            var x = 0
            while x < width {
                guard isDark(x, y) else {
                    x += 1
                    continue
                }
                let start = x
                while isDark(x, y) { x += 1 }
                path += "M\(start + Self.margin) \(y + Self.margin)h\(x - start)v1h-\(x - start)z"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path)"/></svg>

            """
    }
}
