/// Bytes that leave at the front, a piece at a time, without moving the rest each time.
struct ByteQueue {
    private var pieces: [[UInt8]] = []
    private var first = 0
    /// Bytes of the first piece that have left.
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    /// What stands at the front; empty when nothing waits.
    var front: ArraySlice<UInt8> { first < pieces.count ? pieces[first][offset...] : [] }

    mutating func append(_ piece: [UInt8]) {
        guard !piece.isEmpty else { return }
        pieces.append(piece)
        count += piece.count
    }

    /// Takes bytes off the front, which has that many.
    mutating func remove(_ taken: Int) {
        guard first < pieces.count else { return }
        count -= taken
        offset += taken
        guard offset >= pieces[first].count else { return }
        pieces[first] = []
        offset = 0
        first += 1
        if first == pieces.count || first > 64 {
            pieces.removeFirst(first)
            first = 0
        }
    }
}
