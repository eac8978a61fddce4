// Errors of the system, and the one place that turns a C answer (a value, or minus the errno) into Swift.

import Glibc

/// A system call that failed, and why. The system's or the operator's doing, never the peer's.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name, as in its manual page.
    public let call: String
    /// The error number, `errno(3)`.
    public let number: Int32

    /// The error `number` of `call`.
    public init(call: String, number: Int32) {
        self.call = call
        self.number = number
    }

    /// The machine has no address of that kind.
    public static let noSuchFamily = SystemError(call: "listen", number: EADDRNOTAVAIL)

    /// Whether the machine has no IPv6, or no IPv4.
    public var meansNoSuchFamily: Bool { number == EAFNOSUPPORT || number == EADDRNOTAVAIL }

    /// Whether nobody reads the pipe any more that was written to.
    public var meansBrokenPipe: Bool { number == EPIPE }

    /// A sentence such as "bind: Address already in use".
    public var description: String {
        "\(call): \(unsafe String(cString: strerror(number)))"
    }
}

/// Raises the limit of open files to what the system allows this process: a connection takes one.
/// - Returns: The limit now.
@discardableResult
public func raiseDescriptorLimit() -> UInt64 {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    let hard = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
    guard unsafe withUnsafePointer(to: hard, { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), $0) }) == 0
    else { return UInt64(limit.rlim_cur) }
    return UInt64(hard.rlim_cur)
}

/// The value that a C call answered, or its error. `EBADF` is a descriptor used after its close: the next one
/// to get that number would belong to somebody else, so the process ends here.
func checked<Value: FixedWidthInteger>(_ call: StaticString, _ answer: Value) throws(SystemError) -> Value {
    guard answer < 0 else { return answer }
    let number = Int32(truncatingIfNeeded: 0 &- answer)
    precondition(number != EBADF, "\(call) was given a closed descriptor")
    throw SystemError(call: "\(call)", number: number)
}
