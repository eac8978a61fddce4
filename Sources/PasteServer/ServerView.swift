// What the operator sees: metrics in Prometheus' text format, and whether the server can do its work.

import PasteCore
import PasteStore
import Reactor

/// Health and metrics of the whole server. Any thread.
package struct ServerView: OperatorView {
    let statistics: Statistics
    let store: any PasteStore
    let loops: [EventLoop]

    package var trouble: String? {
        switch store.status {
        case .ready: nil
        case .degraded(let why), .down(let why), .misconfigured(let why): why
        }
    }

    package var metrics: String {
        let figures = statistics.all
        var text = ""
        for row in Counters.rows {
            text += counter(row.name, row.help, figures.reduce(0) { $0 &+ $1.core[keyPath: row.value] })
        }
        for row in IOCounters.rows {
            text += counter(row.name, row.help, figures.reduce(0) { $0 &+ $1.io[keyPath: row.value] })
        }
        text += counter(
            "loop_ticks", "Rounds of the event loops.", loops.reduce(0) { $0 &+ $1.statistics.ticks })
        text += gauge("connections", "Connections that are open.", figures.reduce(0) { $0 + $1.connections })
        text += gauge("store_ready", "Whether the store can do its work (1) or not (0).", trouble == nil ? 1 : 0)
        return text
    }

    private func counter(_ name: String, _ help: String, _ value: UInt64) -> String {
        "# HELP pasted_\(name)_total \(help)\n# TYPE pasted_\(name)_total counter\npasted_\(name)_total \(value)\n"
    }

    private func gauge(_ name: String, _ help: String, _ value: Int) -> String {
        "# HELP pasted_\(name) \(help)\n# TYPE pasted_\(name) gauge\npasted_\(name) \(value)\n"
    }
}
