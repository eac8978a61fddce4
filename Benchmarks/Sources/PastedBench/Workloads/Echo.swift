// Every connection alone on its own paste: it appends, waits for its event, appends again. The protocol has no echo;
// this is one, through all that an append is.

import ArgumentParser

struct Echo: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(
        abstract: "Each connection appends to its own paste, in a closed loop.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Connections.") var connections = 100
    @Option(help: "Bytes of a text.") var size = 64
    @Option(help: "Appends in flight, each.") var window = 1

    func makeLoad() -> sending PastesLoad { PastesLoad(pastes: connections, devices: 1, size: size, window: window) }
}
