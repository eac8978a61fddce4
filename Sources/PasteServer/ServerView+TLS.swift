// What the operator sees of TLS: why sessions fail, and how long the certificates last.

import PasteCore
import Reactor
import TLS

extension ServerView {
    /// Prometheus text; nothing for a server without TLS.
    func tlsMetrics(_ figures: [Statistics.Figures]) -> String {
        guard let status = certificates?.status else { return "" }
        var text = family("tls_failures_total", "counter", "TLS sessions that the peer broke, by reason.")
        for fault in IOCounters.faults {
            let count = figures.reduce(0) { $0 &+ $1.io[keyPath: fault.value] }
            text += "pasted_tls_failures_total{reason=\"\(fault.reason)\"} \(count)\n"
        }
        let now = WallClock.present / 1_000
        text += family("tls_certificate_left_seconds", "gauge", "Seconds until the certificate ends.")
        for served in status.certificates {
            let name = served.name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
                "\n", with: "\\n")
            text += "pasted_tls_certificate_left_seconds{certificate=\"\(name)\"} \(served.notAfter - now)\n"
        }
        text += family("tls_renewals_total", "counter", "Certificates exchanged while running.")
        text += "pasted_tls_renewals_total \(status.renewals)\n"
        text += family(
            "tls_renewal_failures_total", "counter", "Certificates that could not be used; the old one goes on.")
        text += "pasted_tls_renewal_failures_total \(status.failures)\n"
        text += family("tls_renewed_timestamp_seconds", "gauge", "When a certificate was exchanged last, or the start.")
        text += "pasted_tls_renewed_timestamp_seconds \(status.renewedAt)\n"
        return text
    }

    private func family(_ name: String, _ type: String, _ help: String) -> String {
        "# HELP pasted_\(name) \(help)\n# TYPE pasted_\(name) \(type)\n"
    }
}
