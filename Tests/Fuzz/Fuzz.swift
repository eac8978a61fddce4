// Coverage-guided fuzzing of everything that eats a peer's bytes. `make fuzz` builds this with libFuzzer's
// instrumentation and runs each target for a bounded time; the seeds are made of the vectors in Protocol/.
//
// A target fails by trapping: on a broken law it traps itself.

#if FUZZING
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runDriver(
        _ argumentCount: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ runOne: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32

    import Glibc

    private let target = targets[getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""]

    @main
    struct Fuzz {
        static func main() {
            guard target != nil else {
                print("FUZZ_TARGET is one of \(targets.keys.sorted())")
                exit(2)
            }
            var count = CommandLine.argc
            var arguments = CommandLine.unsafeArgv
            exit(
                runDriver(&count, &arguments) { start, count in
                    target?(Array(UnsafeBufferPointer(start: start, count: count)))
                    return 0
                })
        }
    }
#else
    import Foundation

    /// Without the instrumentation: `Fuzz TARGET FILE...` replays inputs, for a debugger.
    @main
    struct Fuzz {
        static func main() throws {
            let arguments = CommandLine.arguments
            guard arguments.count > 2, let target = targets[arguments[1]] else {
                return print("Fuzz TARGET FILE...; TARGET is one of \(targets.keys.sorted())")
            }
            for file in arguments.dropFirst(2) {
                target(try [UInt8](Data(contentsOf: URL(filePath: file))))
                print("\(file): nothing broke")
            }
        }
    }
#endif
