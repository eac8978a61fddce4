// The certificates that a running server serves, and how they are renewed under it.
//
//     start   all must be usable; what is merely unwise (an outdated one, a key that all may read) is told
//     later   what can not be used keeps what is there: reload() on the operator's word, reloadIfChanged() at an interval
//
// A connection keeps the context that it began with. Ticket keys outlive every exchange, so that sessions do too.

import Glibc
import Synchronization

/// A server's certificates. Any thread; files are read on the caller's, which should not be a shard's.
public final class Certificates: Sendable {
    /// Where a certificate comes from.
    public enum Source: Hashable, Sendable {
        /// PEM files of the chain and the key, perhaps a DER file with an OCSP response.
        case files(chain: String, key: String, status: String?)
        /// The server's own, in its state directory.
        case own(directory: String, hostName: String?)

        /// What to call it in logs and metrics: the chain's file, or `own`.
        public var name: String {
            switch self {
            case .files(let chain, _, _): chain
            case .own: "own"
            }
        }
    }

    /// What the operator should know of.
    public enum Note: Hashable, Sendable {
        /// New connections get this certificate from now on.
        case renewed(name: String, fingerprint: String)
        /// The files can not be used; what was there goes on.
        case kept(name: String, why: String)
        /// It is used, but something about it is unwise.
        case unwise(String)
    }

    /// What metrics show.
    public struct Status: Hashable, Sendable {
        /// One certificate.
        public struct Served: Hashable, Sendable {
            /// Its source's name.
            public let name: String
            /// Its last second, since 1970.
            public let notAfter: Int64
        }

        /// The default one first.
        public internal(set) var certificates: [Served]
        /// How often a certificate was exchanged for a new one.
        public internal(set) var renewals: UInt64 = 0
        /// How often one that was offered could not be used.
        public internal(set) var failures: UInt64 = 0
        /// When a certificate was exchanged last, or the start, in seconds since 1970.
        public internal(set) var renewedAt: Int64
    }

    private struct Entry {
        let source: Source
        var certificate: Certificate
        /// The files as they were when they were read last.
        var tried: [CertificateFile.Stamp?]
        /// The files as they were at the latest look.
        var seen: [CertificateFile.Stamp?]
        /// When they were read last, in seconds since 1970.
        var triedAt: Int64

        /// Whether it is time for a new one that we make ourselves. Trying costs a key: an hour lies between two.
        func isOver(_ now: Int64) -> Bool {
            guard case .own = source, triedAt + 3_600 <= now else { return false }
            return certificate.notAfter - Certificate.ownMarginSeconds <= now
        }
    }

    private struct Published {
        var context: TLSContext
        var status: Status
    }

    private let profile: TLSProfile
    private let tickets: TicketKeys
    /// Held while files are read.
    private let entries: Mutex<[Entry]>
    /// Never held for long: shards ask at every accept.
    private let published: Mutex<Published>
    /// What is unwise about the certificates of the start.
    public let notes: [Note]

    /// Loads all certificates. The first one is the default.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: `certificate` with the file's name when one can not be used.
    public init(_ sources: [Source], profile: TLSProfile = .intermediate, now: Int64) throws(TLSError) {
        var entries: [Entry] = []
        var notes: [Note] = []
        for source in sources {
            let stamps = source.stamps
            let certificate = try source.load(now: now)
            notes += source.notes(certificate, now: now)
            entries.append(Entry(source: source, certificate: certificate, tried: stamps, seen: stamps, triedAt: now))
        }
        tickets = try TicketKeys()
        self.profile = profile
        self.notes = notes
        let context = try Self.context(entries, profile, tickets)
        published = Mutex(
            Published(context: context, status: Status(certificates: Self.ends(entries), renewedAt: now)))
        self.entries = Mutex(entries)
    }

    /// What a connection that is accepted now begins with.
    public var context: TLSContext { published.withLock { $0.context } }

    /// What metrics show.
    public var status: Status { published.withLock { $0.status } }

    /// The default certificate's fingerprint, as people compare it.
    public var fingerprint: String { entries.withLock { $0.first?.certificate.fingerprint ?? "" } }

    /// Reads every file again, now.
    public func reload(now: Int64) -> [Note] {
        entries.withLock { entries in
            var notes: [Note] = []
            for index in entries.indices { renew(&entries[index], &notes, now) }
            publish(&entries, &notes, now)
            return notes
        }
    }

    /// Reads the files of certificates that have changed, once two looks have found them the same: renewal tools
    /// exchange chain and key one after the other. Costs a `stat` for each file when nothing has changed. The server's
    /// own certificate is made anew before it ends.
    public func reloadIfChanged(now: Int64) -> [Note] {
        entries.withLock { entries in
            var notes: [Note] = []
            for index in entries.indices {
                let stamps = entries[index].source.stamps
                let isSettled = stamps == entries[index].seen
                entries[index].seen = stamps
                let isDue = stamps != entries[index].tried || entries[index].isOver(now)
                if isDue, isSettled { renew(&entries[index], &notes, now) }
            }
            publish(&entries, &notes, now)
            return notes
        }
    }

    private func renew(_ entry: inout Entry, _ notes: inout [Note], _ now: Int64) {
        entry.tried = entry.source.stamps
        entry.seen = entry.tried
        entry.triedAt = now
        do throws(TLSError) {
            let found = try entry.source.load(now: now)
            guard !found.isSame(as: entry.certificate) else { return }
            if found.notAfter <= now { throw .certificate("the new certificate has ended already") }
            if found.notBefore > now { throw .certificate("the new certificate has not begun yet") }
            entry.certificate = found
            notes.append(.renewed(name: entry.source.name, fingerprint: found.fingerprint))
            notes += entry.source.notes(found, now: now)
        } catch {
            notes.append(.kept(name: entry.source.name, why: error.description))
        }
    }

    /// Makes what was loaded hold for new connections.
    private func publish(_ entries: inout [Entry], _ notes: inout [Note], _ now: Int64) {
        let renewed = notes.count { if case .renewed = $0 { true } else { false } }
        var context: TLSContext?
        if renewed > 0 {
            do throws(TLSError) {
                context = try Self.context(entries, profile, tickets)
            } catch {
                // Each was usable alone: only memory can be missing. The next change tries again.
                notes.append(.kept(name: "all", why: error.description))
            }
        }
        let failed = notes.count { if case .kept = $0 { true } else { false } }
        let ends = Self.ends(entries)
        published.withLock { published in
            published.status.failures += UInt64(failed)
            guard let context else { return }
            published.context = context
            published.status.certificates = ends
            published.status.renewals += UInt64(renewed)
            published.status.renewedAt = now
        }
    }

    private static func context(
        _ entries: [Entry], _ profile: TLSProfile, _ tickets: TicketKeys
    ) throws(TLSError) -> TLSContext {
        guard let first = entries.first else { throw .certificate("a TLS server needs a certificate") }
        return try TLSContext(
            serving: first.certificate, others: entries.dropFirst().map(\.certificate), profile: profile,
            tickets: tickets)
    }

    private static func ends(_ entries: [Entry]) -> [Status.Served] {
        entries.map { Status.Served(name: $0.source.name, notAfter: $0.certificate.notAfter) }
    }
}

extension Certificates.Source {
    fileprivate func load(now: Int64) throws(TLSError) -> Certificate {
        switch self {
        case .files(let chain, let key, let status):
            try Certificate(chainFile: chain, keyFile: key, statusFile: status)
        case .own(let directory, let hostName): try .own(in: directory, hostName: hostName, now: now)
        }
    }

    fileprivate var stamps: [CertificateFile.Stamp?] {
        switch self {
        case .files(let chain, let key, let status):
            [chain, key, status].map { $0.flatMap(CertificateFile.Stamp.init) }
        case .own: []
        }
    }

    fileprivate func notes(_ certificate: Certificate, now: Int64) -> [Certificates.Note] {
        guard case .files(let chain, let key, _) = self else { return [] }
        var notes: [Certificates.Note] = []
        if CertificateFile.Stamp(key)?.isOpenToAll == true {
            notes.append(
                .unwise("every user of this machine may read the key \(key): take that away (chmod o= \(key))"))
        }
        if certificate.notAfter <= now {
            notes.append(.unwise("the certificate \(chain) has ended: clients will not trust it"))
        } else if certificate.notBefore > now {
            notes.append(.unwise("the certificate \(chain) has not begun yet: clients will not trust it"))
        }
        return notes
    }
}
