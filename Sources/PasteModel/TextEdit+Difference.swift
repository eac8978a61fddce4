// The edit between two texts: by lines, so that changes in several places stay several, and within changed lines
// by what is common at both ends. What others do meanwhile to the lines between is not touched by it.

extension TextEdit {
    /// An edit that makes `after` of `before`, in normal form; no steps when they are equal.
    ///
    /// Of the shortest by lines when there are at most a few thousand changed lines, else one splice. The steps are
    /// at most ``maximumOps``.
    public static func difference(from before: Text, to after: Text) -> TextEdit {
        let (old, new) = (before.utf8[...], after.utf8[...])
        let ends = Ends(old, new)
        let (oldMiddle, newMiddle) = (ends.middle(of: old), ends.middle(of: new))
        // Whole lines around the middle, so that lines are compared with lines.
        let oldLines = Lines(old, around: oldMiddle)
        let newLines = Lines(new, around: newMiddle)
        var builder = EditBuilder()
        builder.retain(scalars(old[..<oldLines.start]))
        if let runs = LineMatching.runs(oldLines.lines, newLines.lines) {
            for run in runs {
                switch run {
                case .same(let count): builder.retain(count)
                case .changed(let from, let to): splice(from, to, into: &builder)
                }
            }
            let edit = builder.edit()
            if edit.ops.count <= maximumOps { return edit }
        }
        builder = EditBuilder()
        splice(old, new, into: &builder)
        return builder.edit()
    }

    private static func splice(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>, into builder: inout EditBuilder) {
        let ends = Ends(old, new)
        builder.retain(scalars(old.prefix(ends.prefix)))
        builder.insert(ends.middle(of: new))
        let gone = scalars(ends.middle(of: old))
        if gone > 0 { builder.delete(gone) }
        builder.retain(scalars(old.suffix(ends.suffix)))
    }

    fileprivate static func scalars(_ utf8: ArraySlice<UInt8>) -> Int {
        utf8.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}

/// What two byte strings have in common at their ends, cut between scalars.
private struct Ends {
    let prefix: Int
    let suffix: Int

    init(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) {
        let shorter = min(old.count, new.count)
        var prefix = 0
        while prefix < shorter, old[old.startIndex + prefix] == new[new.startIndex + prefix] { prefix += 1 }
        while prefix > 0, !Self.isCut(old, prefix) || !Self.isCut(new, prefix) { prefix -= 1 }
        var suffix = 0
        while suffix < shorter - prefix, old[old.endIndex - 1 - suffix] == new[new.endIndex - 1 - suffix] {
            suffix += 1
        }
        while suffix > 0, !Self.isCut(old, old.count - suffix) || !Self.isCut(new, new.count - suffix) { suffix -= 1 }
        (self.prefix, self.suffix) = (prefix, suffix)
    }

    func middle(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes[(bytes.startIndex + prefix)..<(bytes.endIndex - suffix)]
    }

    private static func isCut(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> Bool {
        offset == bytes.count || bytes[bytes.startIndex + offset] & 0xC0 != 0x80
    }
}

/// A stretch of a text in lines, each with its line feed.
private struct Lines {
    let start: Int
    var lines: [ArraySlice<UInt8>] = []

    init(_ bytes: ArraySlice<UInt8>, around middle: ArraySlice<UInt8>) {
        let lineFeed = UInt8(ascii: "\n")
        var start = middle.startIndex
        while start > bytes.startIndex, bytes[start - 1] != lineFeed { start -= 1 }
        // To the first line feed of what both have at their end: by as much in the one as in the other.
        let end = bytes[middle.endIndex...].firstIndex(of: lineFeed).map { $0 + 1 } ?? bytes.endIndex
        self.start = start
        var line = start
        for index in start..<end where bytes[index] == lineFeed {
            lines.append(bytes[line...index])
            line = index + 1
        }
        if line < end { lines.append(bytes[line..<end]) }
    }
}

/// Which lines two texts share, by Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986).
private enum LineMatching {
    /// Lines that differ at most: beyond it time and memory grow with their square.
    static let maximumDifferences = 1_000

    enum Run {
        /// That many scalars are the same.
        case same(Int)
        case changed(ArraySlice<UInt8>, ArraySlice<UInt8>)
    }

    /// Nil when more lines differ than the limit says.
    static func runs(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Run]? {
        guard let matches = matches(old, new) else { return nil }
        var runs: [Run] = []
        var (x, y) = (0, 0)
        for (i, j) in matches + [(old.count, new.count)] {
            if i > x || j > y { runs.append(.changed(joined(old, x..<i), joined(new, y..<j))) }
            if i < old.count {
                let (before, after) = (old[i], new[j])
                runs.append(.same(TextEdit.scalars(before.count < after.count ? before : after)))
                // One of them is the last line of its text.
                if before.count != after.count {
                    runs.append(.changed(before.dropFirst(after.count), after.dropFirst(before.count)))
                }
            }
            (x, y) = (i + 1, j + 1)
        }
        return runs
    }

    private static func joined(_ lines: [ArraySlice<UInt8>], _ range: Range<Int>) -> ArraySlice<UInt8> {
        var all: ArraySlice<UInt8> = []
        for line in lines[range] { all += line }
        return all
    }

    /// Whether they differ by no more than the line feed that the last line of a text may lack.
    private static func isSame(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) -> Bool {
        switch old.count - new.count {
        case 0: old == new
        case 1: old.last == UInt8(ascii: "\n") && old.dropLast() == new
        case -1: new.last == UInt8(ascii: "\n") && new.dropLast() == old
        default: false
        }
    }

    /// Pairs of equal lines, ascending.
    private static func matches(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [(Int, Int)]? {
        // furthest[k]: how far in `old` a path on diagonal k (x - y) comes; a copy of each round leads back.
        let room = min(old.count + new.count, maximumDifferences) + 1
        var furthest = [Int](repeating: 0, count: 2 * room + 1)
        var rounds: [ArraySlice<Int>] = []
        for differences in 0..<room {
            rounds.append(furthest[(room - differences)...(room + differences)])
            for diagonal in stride(from: -differences, through: differences, by: 2) {
                let goesDown =
                    diagonal == -differences
                    || (diagonal != differences && furthest[room + diagonal - 1] < furthest[room + diagonal + 1])
                var x = goesDown ? furthest[room + diagonal + 1] : furthest[room + diagonal - 1] + 1
                while x < old.count, x - diagonal < new.count, x - diagonal >= 0, isSame(old[x], new[x - diagonal]) {
                    x += 1
                }
                furthest[room + diagonal] = x
                if x >= old.count, x - diagonal >= new.count {
                    return trace(rounds, room, (old.count, new.count), differences)
                }
            }
        }
        return nil
    }

    private static func trace(
        _ rounds: [ArraySlice<Int>], _ room: Int, _ end: (Int, Int), _ differences: Int
    ) -> [(Int, Int)] {
        var pairs: [(Int, Int)] = []
        var (x, y) = end
        for round in stride(from: differences, through: 1, by: -1) {
            let furthest = rounds[round]
            let diagonal = x - y
            func reach(_ diagonal: Int) -> Int {
                let index = room + diagonal
                return furthest.indices.contains(index) ? furthest[index] : 0
            }
            let goesDown = diagonal == -round || (diagonal != round && reach(diagonal - 1) < reach(diagonal + 1))
            let before = goesDown ? diagonal + 1 : diagonal - 1
            let startX = reach(before)
            while x > (goesDown ? startX : startX + 1) {
                x -= 1
                y -= 1
                pairs.append((x, y))
            }
            (x, y) = (startX, startX - before)
        }
        while x > 0, y > 0 {
            x -= 1
            y -= 1
            pairs.append((x, y))
        }
        return pairs.reversed()
    }
}
