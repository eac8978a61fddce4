import Foundation

/// `StoreTestChild`, which lies beside the test bundle.
struct Child {
    let process = Process()
    let output = Pipe()

    init(_ arguments: [String]) throws {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.executableURL = own.deletingLastPathComponent().appendingPathComponent("StoreTestChild")
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
    }

    /// Its whole output, when it has ended.
    func wait() throws -> String {
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
    }
}
