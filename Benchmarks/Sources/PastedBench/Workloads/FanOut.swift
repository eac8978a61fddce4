// One paste with many viewers: everything that its first device appends goes to all of them.

import ArgumentParser

struct FanOut: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(commandName: "fanout", abstract: "One paste, many viewers.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Devices that follow the paste.") var connections = 1_000
    @Option(help: "Bytes of a text.") var size = 256
    @Option(help: "Appends in flight; the next goes when everybody has seen one.") var window = 1
    @Option(help: "Appends a second, whatever comes back (an open loop); instead of a window.") var rate: Double?
    @Option(help: "Items that the paste has before.") var items = 0

    func makeLoad() -> sending PastesLoad {
        PastesLoad(
            pastes: 1, devices: connections, size: size, window: window, rate: rate, items: items)
    }
}
