// Certificates, keys and OCSP responses on disk.

import Glibc

/// Small files, whole.
enum CertificateFile {
    /// No chain or key is longer than this, in bytes.
    static let maximumBytes = 1 << 20

    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { throw failure("read", path) }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else { throw failure("read", path) }
        guard count <= maximumBytes else { throw .certificate("\(path) is no certificate or key: it is too long") }
        return Array(bytes.prefix(count))
    }

    /// Replaces the file whole: never readable by others before its mode is set, never half written.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(TLSError) {
        let temporary = path + ".new"
        unsafe unlink(temporary)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", temporary) }
        let isWritten = unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten, unsafe rename(temporary, path) == 0 else {
            throw failure("write", path)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> TLSError {
        .certificate("can not \(verb) \(path): \(unsafe String(cString: strerror(errno)))")
    }

    /// Tells two states of a file apart without reading it. A link is followed: renewal tools exchange links.
    struct Stamp: Hashable, Sendable {
        private let device: UInt
        private let file: UInt
        private let size: Int
        private let modified: Int64
        private let changed: Int64
        /// Whether every user of the machine may read or write it.
        let isOpenToAll: Bool

        /// Nil: there is no such file, or none that can be seen.
        init?(_ path: String) {
            var facts = stat()
            guard unsafe stat(path, &facts) == 0 else { return nil }
            device = UInt(facts.st_dev)
            file = UInt(facts.st_ino)
            size = Int(facts.st_size)
            modified = Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
            changed = Int64(facts.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_ctim.tv_nsec)
            isOpenToAll = facts.st_mode & 0o007 != 0
        }
    }
}
