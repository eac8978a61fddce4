import CLinux
import Glibc
import Testing

@testable import Reactor

@Suite(.serialized) struct TakeoverTests {
    private func accepted(_ listener: Listener) -> Int {
        var count = 0
        while case .connection = listener.accept() { count += 1 }
        return count
    }

    private func connect(_ port: UInt16, _ count: Int) -> [Int32] {
        (0..<count).map { _ in pasted_connect("127.0.0.1", port) }
    }

    @Test("new connections of a shared port go to the newest socket, and to whoever is left when that closes")
    func steering() throws {
        var options = Listener.Options()
        options.sharesPort = true
        let old = try Listener(host: "127.0.0.1", port: 0, options: options)
        // Alone in its group, the program changes nothing.
        try old.steerHere()
        var clients = connect(old.port, 8)
        #expect(accepted(old) == 8)
        for generation in 0..<2 {
            let new = try Listener(host: "127.0.0.1", port: old.port, options: options)
            try new.steerHere()
            clients += connect(old.port, 32)
            #expect(accepted(old) == 0, "generation \(generation)")
            #expect(accepted(new) == 32, "generation \(generation)")
        }
        clients += connect(old.port, 8)
        #expect(accepted(old) == 8)
        for client in clients { _ = pasted_close(client) }
    }

    @Test("who waits at an inherited socket is kept when one of its owners stops and closes it")
    func inherited() throws {
        let first = try Listener(host: "127.0.0.1", port: 0)
        let copy = dup(first.descriptor)
        #expect(copy >= 0)
        let clients = connect(first.port, 3)
        do {
            let inherited = try Listener(inheriting: copy, name: "people")
            #expect(inherited.port == first.port && inherited.host == "127.0.0.1")
            inherited.stop()
        }
        #expect(accepted(first) == 3)
        for client in clients { _ = pasted_close(client) }
    }

    @Test("a descriptor that is no listening internet socket is refused, an absent one too")
    func refused() throws {
        var pair: (Int32, Int32) = (0, 0)
        #expect(pasted_socket_pair(&pair.0, &pair.1) == 0)
        defer {
            _ = pasted_close(pair.0)
            _ = pasted_close(pair.1)
        }
        #expect(throws: SystemError.self) { try Listener(inheriting: pair.0, name: "") }
        #expect(throws: SystemError.self) { try Listener(inheriting: 1_000_000, name: "") }
    }
}
