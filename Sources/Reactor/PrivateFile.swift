// Small files of one person that hold secrets: nobody else reads them, and a crash leaves the old or the new one.

import CLinux
import Glibc

/// Files with mode 0600.
public enum PrivateFile {
    /// Replaces the file whole. Its directory exists.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        // Two processes that write at once have drafts of their own.
        let draft = "\(path).\(getpid()).new"
        _ = try checked("write", unsafe pasted_replace_file(path, draft, bytes, bytes.count))
    }

    /// A number that is another one after the file was written or replaced; nil when it is not there.
    public static func stamp(of path: String) -> UInt64? {
        let stamp = unsafe pasted_file_stamp(path)
        return stamp == 0 ? nil : stamp
    }

    /// Makes a directory with mode 0700 and a name that nobody guesses, below `parent`.
    public static func makeDirectory(in parent: String) throws(SystemError) -> String {
        var path = Array((parent + "/pasted-XXXXXX").utf8CString)
        _ = try checked("mkdtemp", unsafe pasted_private_directory(&path))
        return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A file that one process at a time has locked; unlocked when this value's life ends, or the process.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Locks the file, which is made when it is not there; nil when another process has it.
    public init?(_ path: String) throws(SystemError) {
        let answer = unsafe pasted_lock_file(path)
        if answer == -EWOULDBLOCK { return nil }
        descriptor = try checked("flock", answer)
    }

    deinit {
        _ = pasted_close(descriptor)
    }
}
