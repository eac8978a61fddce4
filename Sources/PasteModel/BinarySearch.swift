extension RandomAccessCollection where Index == Int {
    /// The index of the first element that belongs behind; the end when none does. Those that do follow all others.
    func firstIndex(behind belongsBehind: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
