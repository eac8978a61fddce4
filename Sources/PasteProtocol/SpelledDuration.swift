// Durations as people type them.

import PasteModel

/// `90s`, `15m`, `1h`, `7d`: at least a second, at most ten years; nil for anything else.
public func duration(spelled text: some StringProtocol) -> Milliseconds? {
    let units: [Character: Milliseconds] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Milliseconds(text.dropLast()), count > 0,
        count <= 3_650 * 86_400_000 / unit
    else { return nil }
    return count * unit
}
