// A sign of life for the service manager, only while every event loop goes round.

import Logging
import PasteServer
import Reactor
import ServiceLifecycle

/// Tells the service manager that all is well, as often as it wants to hear it. A loop that hangs is not papered
/// over: the manager hears nothing and ends the process.
struct Supervision: Service {
    let server: Server
    let manager: ServiceManager
    let logger: Logger

    /// Signs of life in the time that the manager waits for one.
    private static let signs = 3

    func run() async throws {
        guard let patience = manager.watchdog else {
            try? await gracefulShutdown()
            return
        }
        let pause = patience / Self.signs
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await server.answers(within: pause) {
                    manager.alive()
                } else if !Task.isCancelled {
                    logger.critical("an event loop does not answer")
                }
                try? await Task.sleep(for: pause)
            }
        }
    }
}
