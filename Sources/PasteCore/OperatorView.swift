/// What the operator's address shows. The I/O side makes it, since it alone knows all shards and the store.
public protocol OperatorView: Sendable {
    /// The metrics of the whole server in Prometheus' text format.
    var metrics: String { get }
    /// Why the server can not do its work now; `nil` when it can.
    var trouble: String? { get }
}
