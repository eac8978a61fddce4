// The QR code of a paste's address. It is made of the address alone: nothing is looked up, so nothing is told.

import Digest
import HTTP1
import HTTPTypes
import PasteModel
import QRCode

extension ShardCore {
    func serveCode(of address: Address, _ exchange: Exchange, _ session: Session) {
        let url = url(of: address.key, session)
        var fields = securityFields(session)
        fields[.cacheControl] = "private, no-cache"
        let etag = Self.etag(hash.word("etag", Array(url.utf8)))
        fields[.eTag] = etag
        if exchange.head.fields.matches(etag: etag) {
            return respond(.notModified, fields, [], exchange.head, session)
        }
        guard let code = QRCode(url) else {
            return refuse(Refusal(.notFound, "The address is too long for a QR code."), session)
        }
        fields[.contentType] = "image/svg+xml"
        fields[.contentSecurityPolicy] = "default-src 'none'"
        respond(.ok, fields, Array(code.svg.utf8), exchange.head, session)
    }
}
