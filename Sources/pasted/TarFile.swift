// The oldest of tar's formats that every tar reads: POSIX.1-1988 (ustar).

import FoundationEssentials
import Glibc

enum TarFile {
    private static let blockBytes = 512
    private static let chunkBytes = 1 << 20

    /// Writes a tar file of these members, each readable by its owner only, and makes it durable.
    /// - Parameter members: The names in the tar file, at most 100 bytes, and the files that are copied.
    static func write(_ members: [(name: String, path: String)], to path: String) throws {
        let target = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw failure(path) }
        defer { close(target) }
        for (name, path) in members {
            let source = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard source >= 0 else { throw failure(path) }
            defer { close(source) }
            var facts = stat()
            guard unsafe fstat(source, &facts) == 0 else { throw failure(path) }
            try write(header(name, bytes: Int(facts.st_size), modified: Int(facts.st_mtim.tv_sec)), to: target)
            try copy(source, Int(facts.st_size), to: target, path)
        }
        // Two empty blocks are the end.
        try write([UInt8](repeating: 0, count: 2 * blockBytes), to: target)
        guard fsync(target) == 0 else { throw failure(path) }
    }

    private static func copy(_ source: Int32, _ size: Int, to target: Int32, _ path: String) throws {
        var left = size
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while left > 0 {
            let wanted = min(left, chunkBytes)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(source, $0.baseAddress, wanted) }
            guard count > 0 else { throw failure(path) }
            try write(Array(chunk.prefix(count)), to: target)
            left -= count
        }
        let padding = (blockBytes - size % blockBytes) % blockBytes
        try write([UInt8](repeating: 0, count: padding), to: target)
    }

    private static func write(_ bytes: [UInt8], to target: Int32) throws {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes { unsafe Glibc.write(target, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("the backup") }
            done += count
        }
    }

    private static func header(_ name: String, bytes: Int, modified: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: blockBytes)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, _ width: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        put(name, at: 0)
        put(octal(0o600, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        if bytes < 1 << 33 {
            put(octal(bytes, 11), at: 124)
        } else {
            // Beyond eleven octal digits: a binary number, marked by the first bit.
            header[124] = 0x80
            for place in 0..<8 { header[135 - place] = UInt8(truncatingIfNeeded: bytes >> (8 * place)) }
        }
        put(octal(max(0, modified), 11), at: 136)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        // The sum is made with blanks in its own place.
        for index in 148..<156 { header[index] = UInt8(ascii: " ") }
        put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
        header[154] = 0
        return header
    }

    private static func failure(_ path: String) -> BackupError {
        BackupError(reason: "\(path): \(unsafe String(cString: strerror(errno)))")
    }
}
