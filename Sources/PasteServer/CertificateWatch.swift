// Certificates are renewed under a running server.

import Logging
import Reactor
import ServiceLifecycle
import TLS

extension Server {
    /// Reads every certificate again now, as SIGHUP asks for. Live connections keep what they have; what can not be used
    /// keeps what is there.
    public func reloadCertificates() {
        guard let certificates else { return }
        let notes = certificates.reload(now: WallClock.present / 1_000)
        tell(notes)
        if notes.isEmpty { logger.info("the certificates are the same as before") }
    }

    /// Looks whether the certificates' files have changed.
    func lookAtCertificates() {
        guard let certificates else { return }
        tell(certificates.reloadIfChanged(now: WallClock.present / 1_000))
    }

    /// Logs what the operator should know of. Names of files, never what is in them.
    func tell(_ notes: [Certificates.Note]) {
        for note in notes {
            switch note {
            case .renewed(let name, let fingerprint):
                logger.notice(
                    "a new certificate is served from now on",
                    metadata: ["certificate": "\(name)", "fingerprint": "\(fingerprint)"])
            case .kept(let name, let why):
                logger.error(
                    "a certificate can not be used, the one before is kept",
                    metadata: ["certificate": "\(name)", "reason": "\(why)"])
            case .unwise(let sentence):
                logger.warning("\(sentence)")
            }
        }
    }
}

/// Looks after a server's certificates until the graceful shutdown. Sleeps in the control plane: no shard wakes up.
public struct CertificateWatch: Service {
    private let server: Server

    /// A watch over this server's certificates.
    public init(_ server: Server) {
        self.server = server
    }

    /// Looks at an interval.
    public func run() async throws {
        guard server.certificates != nil else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // A cancelled wait is the end, not an error.
                do { try await Task.sleep(for: IOLimits.certificateLook) } catch { return }
                server.lookAtCertificates()
            }
        }
    }
}
