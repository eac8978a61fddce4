// Where an ACME client (certbot, lego) leaves what a certificate authority asks for.

import Glibc
import PasteCore

/// The challenges below a web root. Small files of a local disk: reading one takes some microseconds, once or twice
/// in weeks, so a shard does it itself.
public struct ChallengeDirectory: Challenges {
    private let directory: String

    /// - Parameter webRoot: What the ACME client calls so; it writes below `.well-known/acme-challenge`.
    public init(webRoot: String) {
        directory = webRoot + "/.well-known/acme-challenge/"
    }

    /// The file of that name, if it is a plain one and not too long.
    public func answer(token: String) -> [UInt8]? {
        // Not blocking: a pipe of that name must not hold the shard.
        let descriptor = unsafe open(directory + token, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: IOLimits.challengeBytes + 1)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count > 0, count <= IOLimits.challengeBytes else { return nil }
        return Array(bytes.prefix(count))
    }
}
