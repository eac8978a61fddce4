// The settings of the limits of addresses and of everybody together.

import PasteCore

extension VisitorLimits {
    /// Reads them; the bursts belong to the paces and are not set by themselves.
    /// - Parameter proxies: Exempt, since they come with other people's connections.
    init(_ found: FoundSettings, proxies: [AddressRange]) throws {
        self.init()
        func level(_ name: String) throws -> Int {
            try found.read(name, "0 to 1000000000000000") { found.whole($0, 0...1_000_000_000_000_000) }
        }
        /// The same burst in proportion to the pace that the default has.
        func pace(_ name: String, _ pace: Allowance) throws -> Allowance {
            let count = try found.read(name, "0 to 1000000000000") { found.whole($0, 0...1_000_000_000_000) }
            return Allowance(count, per: pace.period, burst: count * max(1, pace.burst / max(1, pace.count)))
        }
        total.connections = try level("connections")
        perAddress.connections = try level("connections-per-address")
        total.handshakes = try pace("handshakes-per-second", total.handshakes)
        perAddress.handshakes = try pace("handshakes-per-second-per-address", perAddress.handshakes)
        total.requests = try pace("requests-per-second", perAddress.requests)
        perAddress.requests = try pace("requests-per-second-per-address", perAddress.requests)
        total.bytes = try pace("bytes-per-second", perAddress.bytes)
        perAddress.bytes = try pace("bytes-per-second-per-address", perAddress.bytes)
        perAddress.inputBytes = try level("input-bytes-per-address")
        total.misses = try pace("misses-per-minute", total.misses)
        perAddress.misses = try pace("misses-per-minute-per-address", perAddress.misses)
        pastes = try level("pastes")
        perAddress.pastes = try pace("pastes-per-hour-per-address", perAddress.pastes)
        storedBytes = try level("stored-bytes")
        perAddress.storedBytes = try pace("stored-bytes-per-day-per-address", perAddress.storedBytes)
        openPasteBytes = try level("open-paste-bytes")
        rememberedAddresses = try found.read("remembered-addresses", "1024 to 16777216") {
            found.whole($0, 1_024...16_777_216)
        }
        exempt = try found.read("exempt-addresses", "addresses and networks like 192.0.2.0/24, 2001:db8::/32") { text in
            let ranges = text.split(separator: ",").map { AddressRange($0) }
            return ranges.contains(nil) ? nil : ranges.compactMap(\.self)
        }
        exempt += proxies
    }
}
