// The real service core in a process of its own, for a world that lives elsewhere: whoever is at the other end of
// standard input decides the time, what arrives on which connection, what the disk does and when the process "dies".
// One frame comes in, one goes out: a length of four bytes, then orders (`Order`) or news (`News`). All numbers are
// big-endian.

import Foundation

let input = FileHandle.standardInput
let output = FileHandle.standardOutput
let server = SimulatedServer()

func read(_ count: Int) throws -> [UInt8]? {
    guard count > 0 else { return [] }
    guard let data = try input.read(upToCount: count), data.count == count else { return nil }
    return [UInt8](data)
}

while let head = try read(4) {
    var length = Orders(head)
    guard let frame = try read(Int(length.number())) else { break }
    server.news = News()
    try server.carryOut(Orders(frame))
    try output.write(contentsOf: Data(server.news.frame))
}
