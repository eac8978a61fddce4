// What the operator sees: metrics in Prometheus' text format, and whether the server can do its work.

import PasteCore
import PasteModel
import PasteStore
import Reactor
import TLS

/// Health and metrics of the whole server. Any thread.
package struct ServerView: OperatorView {
    let statistics: Statistics
    let store: any PasteStore
    let loops: [EventLoop]
    /// Messages that wait, by shard.
    let mail: @Sendable () -> [Int]
    let certificates: Certificates?
    /// Whose limits are shown.
    let visitors: Visitors?

    package var trouble: String? {
        switch store.status {
        case .ready: nil
        case .degraded(let why), .down(let why), .misconfigured(let why): why
        }
    }

    /// A row of `Counters` or `IOCounters` is a line of its table; the rest is here.
    package var metrics: String {
        let figures = statistics.all
        var text = MetricsText()
        for row in Counters.rows {
            text.counter(row.name, row.help, figures.reduce(0) { $0 &+ $1.core[keyPath: row.value] })
        }
        for row in IOCounters.rows {
            text.counter(row.name, row.help, figures.reduce(0) { $0 &+ $1.io[keyPath: row.value] })
        }
        text.counter("loop_ticks", "Rounds of the event loops.", loops.reduce(0) { $0 &+ $1.statistics.ticks })
        describeRefusals(figures, &text)
        describeHoldings(figures, &text)
        describeStore(&text)
        describeTLS(figures, &text)
        if let visitors {
            for family in visitors.figures.families(visitors.limits) { text.family(family) }
        }
        text.gauge("limit", "Limits in force, in the unit that their name ends with.", by: "name", statistics.limits)
        text.describeProcess()
        return text.text
    }

    private func describeRefusals(_ figures: [Statistics.Figures], _ text: inout MetricsText) {
        var refusals = [(String, UInt64)]()
        for figures in figures {
            for (place, row) in figures.core.refusalsByCode.enumerated() {
                if place == refusals.count { refusals.append((row.code, 0)) }
                refusals[place].1 &+= row.count
            }
        }
        text.counter("refusals", "Requests refused, by the code of the error.", by: "code", refusals)
    }

    private func describeHoldings(_ figures: [Statistics.Figures], _ text: inout MetricsText) {
        func sum(_ value: (Statistics.Figures) -> Int) -> Int64 { Int64(figures.reduce(0) { $0 + value($1) }) }
        let (all, webSockets, streams) = (
            sum(\.connections), sum(\.gauges.webSockets), sum(\.gauges.streams)
        )
        text.gauge(
            "connections", "Connections that are open.", by: "kind",
            [("http", max(0, all - webSockets - streams)), ("websocket", webSockets), ("stream", streams)])
        text.gauge("viewers", "Devices that follow a paste.", sum(\.gauges.viewers))
        text.gauge("pastes_open", "Pastes in memory.", sum(\.gauges.pastes))
        text.gauge(
            "pastes_followed", "Shards that share the viewers of a paste with its home shard, over all pastes.",
            sum(\.gauges.followedPastes))
        text.gauge(
            "buffered_bytes", "Bytes that are kept for peers: unfinished input, unread output.",
            sum { Int(clamping: $0.core.bufferedBytes) })
        text.gauge("outbox_bytes", "Bytes that wait to be sent.", sum(\.gauges.outboxBytes))
        text.gauge(
            "mailbox_messages", "Messages that wait for a shard.", by: "shard",
            mail().enumerated().map { ("\($0)", Int64($1)) })
        var shown = Histogram(.microseconds)
        for figures in figures { shown.add(figures.core.shown) }
        text.histogram(
            "shown_seconds", "From an accepted request to its event being on the way to every device.", shown)
    }

    private func describeStore(_ text: inout MetricsText) {
        let figures = store.figures
        text.gauge("store_ready", "Whether the store can do its work (1) or not (0).", trouble == nil ? 1 : 0)
        text.gauge("store_queued_requests", "Requests that wait for the store.", Int64(figures.queuedRequests))
        text.gauge("store_queued_bytes", "Bytes of the requests that wait.", Int64(figures.queuedBytes))
        text.gauge("store_database_bytes", "Bytes of the database's file.", Int64(figures.databaseBytes))
        text.gauge("store_log_bytes", "Bytes of the write-ahead log.", Int64(figures.logBytes))
        text.counter("store_erasures", "Passes that overwrote the bytes of removed texts.", figures.erasures)
        text.histogram("store_commit_seconds", "From taking a group of requests to its being durable.", figures.commits)
        text.histogram("store_group_requests", "Writing requests that were made durable together.", figures.groups)
    }
}
