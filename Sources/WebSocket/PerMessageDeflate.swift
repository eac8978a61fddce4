// permessage-deflate (RFC 7692), in the one form that costs an idle connection nothing: every message is compressed
// on its own, in both directions (`client_no_context_takeover`, `server_no_context_takeover`). So what one thread
// needs for it is one `DeflateCodec`, and a message that goes to many is compressed once for all of them.

import HTTP1
import HTTPTypes

/// The LZ77 windows that we compress with: two, so that a message for many has two compressed forms at most.
public enum DeflateWindow: UInt8, Hashable, Sendable {
    /// Nothing is compressed.
    case none
    /// 9 bits: for whoever allows less than 15.
    case narrow
    /// 15 bits.
    case wide
}

/// What the two ends of a connection agreed on.
public struct PerMessageDeflate: Hashable, Sendable {
    /// The most bits of LZ77 window that we may use, 8 to 15 (section 7.1.2).
    public let windowBits: UInt8

    /// An agreement on that many bits, 8 to 15; a handshake makes others.
    public init(windowBits: UInt8) {
        self.windowBits = windowBits
    }

    /// What we compress with for this peer.
    public var window: DeflateWindow { windowBits >= 15 ? .wide : windowBits >= 9 ? .narrow : .none }

    static let name = "permessage-deflate"
    private static let serverTakesNothingOver = "server_no_context_takeover"
    private static let clientTakesNothingOver = "client_no_context_takeover"
    private static let serverWindow = "server_max_window_bits"
    private static let clientWindow = "client_max_window_bits"

    // MARK: The server's side

    /// The first offer that can be accepted, and the element that accepts it (section 5.1).
    ///
    /// An offer with a parameter that is unknown, repeated or out of its range is declined, and so is one that asks for
    /// a window of 8 bits, which zlib does not have; the next one may do.
    static func accept(_ offers: [ExtensionElement]) -> (agreed: PerMessageDeflate, answer: String)? {
        for offer in offers where offer.name == name {
            guard let parameters = Parameters(offer, isOffer: true) else { continue }
            let bits = parameters.serverBits
            guard bits != 8 else { continue }
            let answer = "\(name); \(serverTakesNothingOver); \(clientTakesNothingOver)"
            return (
                PerMessageDeflate(windowBits: bits ?? 15),
                // Section 7.1.2.1: accepted by being repeated, with the same value or a smaller one.
                bits.map { "\(answer); \(serverWindow)=\($0)" } ?? answer
            )
        }
        return nil
    }

    // MARK: The client's side

    /// What a client offers: nothing taken over in either direction, and any window for itself.
    static let offer = "\(name); \(serverTakesNothingOver); \(clientTakesNothingOver); \(clientWindow)"

    /// What a server's answer to ``offer`` agrees on; nil when it is none (section 7.1: fail the connection).
    static func check(_ answer: ExtensionElement) -> PerMessageDeflate? {
        guard answer.name == name, let parameters = Parameters(answer, isOffer: false),
            // We keep no window between messages: a server that did would not be understood (section 7.1.1.1).
            parameters.serverTakesNothingOver
        else { return nil }
        return PerMessageDeflate(windowBits: parameters.clientBits ?? 15)
    }

    /// The parameters of section 7.1, each at most once.
    private struct Parameters {
        private(set) var serverTakesNothingOver = false
        private(set) var serverBits: UInt8?
        private(set) var clientBits: UInt8?

        init?(_ element: ExtensionElement, isOffer: Bool) {
            var seen: Set<String> = []
            for parameter in element.parameters {
                guard seen.insert(parameter.name).inserted else { return nil }
                switch (parameter.name, parameter.value) {
                case (PerMessageDeflate.serverTakesNothingOver, nil): serverTakesNothingOver = true
                case (PerMessageDeflate.clientTakesNothingOver, nil): break
                case (PerMessageDeflate.serverWindow, let value?):
                    guard let bits = Self.bits(value) else { return nil }
                    serverBits = bits
                // Section 7.1.2.2: only in an offer it may stand without a value.
                case (PerMessageDeflate.clientWindow, nil) where isOffer: break
                case (PerMessageDeflate.clientWindow, let value?):
                    guard let bits = Self.bits(value) else { return nil }
                    clientBits = bits
                default: return nil
                }
            }
        }

        /// "a decimal integer value without leading zeroes between 8 to 15"
        private static func bits(_ value: String) -> UInt8? {
            (8...15).first { String($0) == value }
        }
    }
}
