// What the operator sees of TLS: why sessions fail, and how long the certificates last.

import PasteCore
import Reactor
import TLS

extension ServerView {
    /// Nothing for a server without TLS.
    func describeTLS(_ figures: [Statistics.Figures], _ text: inout MetricsText) {
        guard let status = certificates?.status else { return }
        text.counter(
            "tls_failures", "TLS sessions that the peer broke, by reason.", by: "reason",
            IOCounters.faults.map { fault in
                (fault.reason, figures.reduce(0) { $0 &+ $1.io[keyPath: fault.value] })
            })
        let now = WallClock.present / 1_000
        text.gauge(
            "tls_certificate_left_seconds", "Seconds until the certificate ends.", by: "certificate",
            status.certificates.map { ($0.name, $0.notAfter - now) })
        text.counter("tls_renewals", "Certificates exchanged while running.", UInt64(clamping: status.renewals))
        text.counter(
            "tls_renewal_failures", "Certificates that could not be used; the old one goes on.",
            UInt64(clamping: status.failures))
        text.gauge(
            "tls_renewed_timestamp_seconds", "When a certificate was exchanged last, or the start.",
            Int64(clamping: status.renewedAt))
    }
}
