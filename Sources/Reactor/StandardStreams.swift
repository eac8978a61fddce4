// Standard input and output, byte by byte as they are.

import CLinux
import Glibc

/// Bytes in and out of a command.
public enum StandardStreams {
    /// Reads what is there, at most so many bytes; waits for the first one. Empty: the input has ended.
    public static func read(atMost count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let taken = try checked("read", unsafe pasted_read(STDIN_FILENO, &bytes, count))
        bytes.removeSubrange(Int(taken)...)
        return bytes
    }

    /// Writes all of it to standard output; waits for a slow reader. A reader that is gone is an error of `write`,
    /// number `EPIPE`, once `ignoreBrokenPipes` was called.
    public static func write(_ bytes: [UInt8]) throws(SystemError) {
        _ = try checked("write", unsafe pasted_write_all(STDOUT_FILENO, bytes, bytes.count))
    }

    /// Writes all of it to standard error; nothing can be done where that fails.
    public static func complain(_ bytes: [UInt8]) {
        _ = unsafe pasted_write_all(STDERR_FILENO, bytes, bytes.count)
    }

    /// From now on a reader that is gone is an error and not the end of the process.
    public static func ignoreBrokenPipes() {
        pasted_ignore_broken_pipes()
    }

    /// Whether standard input is a terminal.
    public static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    /// Whether standard output is a terminal.
    public static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    /// Whether standard error is a terminal.
    public static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    /// How wide the terminal of standard output is; nil when it is none.
    public static var outputColumns: Int? {
        let columns = pasted_terminal_columns(STDOUT_FILENO)
        return columns > 0 ? Int(columns) : nil
    }

    /// Asks the person on the terminal, also when input and output are pipes.
    /// - Returns: The answer's first byte; nil when there is no terminal or no answer.
    public static func ask(_ question: String) -> UInt8? {
        let answer = unsafe pasted_ask(question)
        return answer > 0 ? UInt8(truncatingIfNeeded: answer) : nil
    }
}

/// An editor, or another program of the person's choice, that has the terminal while it runs.
public struct ForegroundProcess: Sendable {
    private let process: Int32

    /// Runs `COMMAND "ARGUMENT"` in a shell, since `$EDITOR` may have options.
    public init(shell command: String, argument: String) throws(SystemError) {
        process = try checked("posix_spawn", unsafe pasted_run_shell(command, argument))
    }

    /// How it ended: 0 for well; 128 and more for a signal; nil while it runs. Ask no more after an answer.
    public func ending() throws(SystemError) -> Int32? {
        var status: Int32 = 0
        switch try checked("waitpid", unsafe pasted_has_ended(process, &status)) {
        case 0: return nil
        case 1: return status
        default: return 128 &+ status
        }
    }

    /// From now on SIGTERM and SIGHUP end nothing but are told by `terminationSignal`, so that there is time to clean
    /// up; SIGINT and SIGQUIT of the shared terminal are the other program's alone.
    public static func noteTermination() {
        pasted_note_termination()
    }

    /// The signal that came.
    public static var terminationSignal: Int32? {
        let signal = pasted_noted_signal()
        return signal == 0 ? nil : signal
    }
}
