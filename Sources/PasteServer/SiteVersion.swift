// One version of the page never mixes with another: what the page loads, it loads by a path that names the version. (Not
// so the page for those without JavaScript, which the server writes: its two style sheets are enough for any version.)
//
// `/index.html` is served with `/~VERSION/js/main.js` where the file says `/js/main.js`; modules import each other by
// relative paths, so they stay within it. A server that has been replaced meanwhile knows no such path: the page fails
// to load rather than run as half of each. The service worker is told the version and its files with their hashes, so
// that it keeps a whole version or none (see Public/sw.js).

import Digest
import FoundationEssentials
import PasteCore

/// The version of a site: a hash over its files.
struct SiteVersion {
    /// 64 bits in hex: versions of one server's page never meet by chance, and nobody gains by two that do.
    let name: String

    init(_ assets: [String: Site.Asset]) {
        var list = ""
        for (path, asset) in assets.sorted(by: { $0.key < $1.key }) {
            list += path + " " + asset.etag + "\n"
        }
        name = hexadecimal(sha256(Array(list.utf8)).prefix(8))
    }

    /// The site with its code and style under the version's path as well, where the page looks for them.
    func pinned(_ assets: [String: Site.Asset]) -> Site {
        var result = assets
        var kept: [String: Site.Asset] = [:]
        let page = assets["/index.html"].map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        var pinnedPage = page
        for (path, asset) in assets where Self.isPinned(path) {
            var permanent = asset
            permanent.isPermanent = true
            kept[prefix + path] = permanent
            pinnedPage = pinnedPage.replacing("=\"\(path)\"", with: "=\"\(prefix)\(path)\"")
        }
        result.merge(kept) { first, _ in first }
        if pinnedPage != page {
            result["/index.html"] = StaticSite.asset(Array(pinnedPage.utf8), name: "index.html")
        }
        kept["/"] = result["/index.html"]
        if let worker = assets[Self.worker] {
            result[Self.worker] = StaticSite.asset(introduction(kept) + worker.body, name: "sw.js")
        }
        return Site(assets: result)
    }

    /// What the worker begins with: the version, and the subresource integrity of each file by its path.
    private func introduction(_ files: [String: Site.Asset]) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let integrity = files.mapValues { "sha256-" + Data(sha256($0.body)).base64EncodedString() }
        // A dictionary of strings can always be encoded.
        let list = (try? encoder.encode(integrity)) ?? Data("{}".utf8)
        return Array("const VERSION=\"\(name)\",FILES=".utf8) + list + Array(";\n".utf8)
    }

    private var prefix: String { "/~" + name }

    /// Code and style of the page; not the worker, nor the style of the page that PasteCore's PastePage writes.
    private static func isPinned(_ path: String) -> Bool {
        [".js", ".css", ".svg"].contains(where: path.hasSuffix) && path != worker && path != "/plain.css"
    }

    private static let worker = "/sw.js"
}
