import CLinux
import Foundation
import Reactor
import TLS

/// A blocking client on a plain socket.
final class PlainClient: Sendable {
    let descriptor: Int32

    init(_ port: UInt16) throws {
        descriptor = pasted_connect("127.0.0.1", port)
        guard descriptor >= 0 else { throw SystemError(call: "connect", number: -descriptor) }
    }

    deinit { _ = pasted_close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { pasted_send(descriptor, $0, buffer.count) } ?? 0
            }
            guard count > 0 else { throw SystemError(call: "send", number: Int32(-count)) }
            rest = rest.dropFirst(Int(count))
        }
    }

    /// Up to `count` bytes; fewer at the end.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let got = pasted_receive(descriptor, &room, min(room.count, count - bytes.count))
            if got == 0 { break }
            guard got > 0 else { throw SystemError(call: "recv", number: Int32(-got)) }
            bytes += room.prefix(Int(got))
        }
        return bytes
    }

    func text(_ count: Int) throws -> String { String(decoding: try receive(count), as: UTF8.self) }
    func endOutput() { _ = pasted_shutdown_output(descriptor) }
}

/// Runs a Python program on a thread of its own and answers what it prints.
func python(_ script: String, _ arguments: [String]) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            do {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = ["python3", "-c", script] + arguments
                let output = Pipe()
                process.standardOutput = output
                try process.run()
                let data = output.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<500 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
