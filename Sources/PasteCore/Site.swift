// The static page, as the core serves it: loaded and compressed by the I/O side before the first request.

/// The files of the page, by path.
public struct Site: Sendable {
    /// One file.
    public struct Asset: Sendable {
        /// The bytes as they are.
        public let body: [UInt8]
        /// The bytes compressed by gzip, when that makes them fewer.
        public let gzip: [UInt8]?
        /// A strong entity tag with its quotes (RFC 9110 section 8.8.3).
        public let etag: String
        /// The media type.
        public let contentType: String
        /// Whether the path names these bytes and will never name others, so that nobody need ask again.
        public var isPermanent = false

        /// An asset from its parts.
        public init(body: [UInt8], gzip: [UInt8]?, etag: String, contentType: String) {
            self.body = body
            self.gzip = gzip
            self.etag = etag
            self.contentType = contentType
        }
    }

    /// Files by absolute path: `/style.css`. The page itself is `/index.html`, served for `/` and every key.
    public var assets: [String: Asset]

    /// A site of these files.
    public init(assets: [String: Asset]) {
        self.assets = assets
    }
}
