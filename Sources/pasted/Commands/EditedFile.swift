// The file that the editor has open: in a directory of its own that nobody else can look into.

import FoundationEssentials
import PasteClient
import PasteModel
import Reactor

/// A text in a file while it is edited.
final class EditedFile {
    let path: String
    private let directory: String
    private let isPad: Bool
    private let endsWithLine: Bool
    private var stamp: UInt64?
    private var content: [UInt8]
    /// Whether the file holds something that is not UTF-8, so that it was not sent.
    private(set) var hasUnread = false

    /// The person's editor, perhaps with options.
    static var editor: String {
        let environment = ProcessInfo.processInfo.environment
        return ["VISUAL", "EDITOR"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "vi"
    }

    init(_ text: Text, isPad: Bool) throws {
        self.isPad = isPad
        content = text.utf8
        endsWithLine = text.isEmpty || text.utf8.last == 0x0A
        let environment = ProcessInfo.processInfo.environment
        // The first is in memory and gone with the session.
        let parents = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap(\.self)
        let parent = parents.first { FileManager.default.isWritableFile(atPath: $0) } ?? "/tmp"
        directory = try PrivateFile.makeDirectory(in: parent)
        path = directory + (isPad ? "/pad.txt" : "/item.txt")
        try PrivateFile.replace(path, with: content)
        stamp = PrivateFile.stamp(of: path)
    }

    /// The text, when the file was saved since the last call.
    func saved() -> Text? {
        let now = PrivateFile.stamp(of: path)
        // Some editors write a new file and rename it: for a moment there is none.
        guard now != stamp, let data = FileManager.default.contents(atPath: path) else { return nil }
        stamp = now
        var bytes = Array(data)
        hasUnread = String(validating: bytes, as: UTF8.self) == nil
        guard !hasUnread else { return nil }
        if isPad { bytes = Self.withLineFeeds(bytes) }
        if !endsWithLine, bytes.last == 0x0A, content.last != 0x0A { bytes.removeLast() }
        guard bytes != content else { return nil }
        content = bytes
        return Text(uncheckedUTF8: bytes)
    }

    private static func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x0D) else { return bytes }
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { continue }
            result.append(byte == 0x0D ? 0x0A : byte)
        }
        return result
    }

    /// Nothing of it stays.
    func remove() {
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Leaves the file there, with what would have become of the text, and says where.
    func rescued(_ merged: Text, _ failure: ClientFailure) -> ClientFailure {
        if !hasUnread { try? PrivateFile.replace(path, with: merged.utf8) }
        return ClientFailure(
            failure.kind, code: failure.code, "\(failure.description) What was not sent is in \(path).")
    }
}
