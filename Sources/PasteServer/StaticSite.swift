// The page's files, read once at the start and held in memory with what serving them takes.

import CZlib
import Digest
import FoundationEssentials
import PasteCore

/// Loads a site from a directory.
public enum StaticSite {
    /// Why a directory can not be served.
    public struct LoadError: Error, CustomStringConvertible {
        /// A sentence that names the file.
        public let description: String
    }

    /// Reads every file below `directory` but those whose name, or whose folder's, begins with a dot.
    /// - Throws: `LoadError` when something can not be read or all is more than 64 MiB.
    public static func load(_ directory: String) throws -> Site {
        let files: [String]
        do {
            files = try FileManager.default.subpathsOfDirectory(atPath: directory)
        } catch {
            throw LoadError(description: "the site's directory \(directory) can not be read: \(error)")
        }
        var assets: [String: Site.Asset] = [:]
        var total = 0
        for file in files.sorted() where !file.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            let path = directory + "/" + file
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory else {
                continue
            }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw LoadError(description: "the site's file \(path) can not be read")
            }
            total += data.count
            guard total <= IOLimits.siteBytes else {
                throw LoadError(description: "the site in \(directory) is more than \(IOLimits.siteBytes) bytes")
            }
            assets["/" + file] = asset([UInt8](data), name: file)
        }
        guard assets["/index.html"] != nil else {
            throw LoadError(description: "there is no index.html in the site's directory \(directory)")
        }
        return SiteVersion(assets).pinned(assets)
    }

    static func asset(_ body: [UInt8], name: String) -> Site.Asset {
        let ending = name.split(separator: "/").last.flatMap { $0.split(separator: ".").dropFirst().last } ?? ""
        let kind = kinds[ending.lowercased()] ?? (contentType: "application/octet-stream", isCompressible: false)
        return Site.Asset(
            body: body, gzip: kind.isCompressible ? gzip(body) : nil, etag: etag(body), contentType: kind.contentType)
    }

    /// Half of SHA-256 in hex: nobody gains by two files that share it, and 128 bits never meet by chance.
    private static func etag(_ body: [UInt8]) -> String {
        "\"" + hexadecimal(sha256(body).prefix(16)) + "\""
    }

    /// Compressed, when that saves at least a tenth.
    private static func gzip(_ body: [UInt8]) -> [UInt8]? {
        let worthwhile = body.count - body.count / 10
        var output = [UInt8](repeating: 0, count: worthwhile)
        guard worthwhile > 0 else { return nil }
        let count = unsafe pasted_gzip(body, body.count, &output, worthwhile)
        return count > 0 ? Array(output.prefix(count)) : nil
    }

    private static let kinds: [String: (contentType: String, isCompressible: Bool)] = [
        "html": ("text/html; charset=utf-8", true),
        "css": ("text/css; charset=utf-8", true),
        "js": ("text/javascript; charset=utf-8", true),
        "mjs": ("text/javascript; charset=utf-8", true),
        "json": ("application/json", true),
        "webmanifest": ("application/manifest+json", true),
        "txt": ("text/plain; charset=utf-8", true),
        "svg": ("image/svg+xml", true),
        "png": ("image/png", false),
        "jpg": ("image/jpeg", false),
        "webp": ("image/webp", false),
        "ico": ("image/vnd.microsoft.icon", true),
        "woff2": ("font/woff2", false),
        "wasm": ("application/wasm", true),
    ]
}
