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

    /// A sentence such as "bind: Address already in use".
    public var description: String {
        "\(call): \(unsafe String(cString: strerror(number)))"
    }
}

/// The value that a C call answered, or its error. `EBADF` is a descriptor used after its close: the next one
/// to get that number would belong to somebody else, so the process ends here.
func checked<Value: FixedWidthInteger>(_ call: StaticString, _ answer: Value) throws(SystemError) -> Value {
    guard answer < 0 else { return answer }
    let number = Int32(truncatingIfNeeded: 0 &- answer)
    precondition(number != EBADF, "\(call) was given a closed descriptor")
    throw SystemError(call: "\(call)", number: number)
}
