// Words to say a key with: common English words of 4 to 7 letters, unique in their first four letters (so none
// is the prefix of another), no homophones, nothing unpleasant. The order is part of what a key means: the list
// never changes.

/// The 1,024 words; each stands for ten bits.
public enum WordList {
    /// The words in their order.
    public static let words: [String] = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)

    /// The places of the words by their first four letters, which tell them apart.
    static let places: [Substring: Int] = Dictionary(
        uniqueKeysWithValues: words.enumerated().map { ($1.prefix(4), $0) })

    /// The numbers of the words that `letters` (lowercase) are made of, without anything between. There is at most
    /// one such reading, because no word begins another.
    static func numbers(in letters: Substring) -> [Int]? {
        var numbers: [Int] = []
        var rest = letters
        while !rest.isEmpty {
            guard let place = places[rest.prefix(4)], rest.hasPrefix(words[place]) else { return nil }
            numbers.append(place)
            rest = rest.dropFirst(words[place].count)
        }
        return numbers
    }

    private static let text = """
        able absorb access achieve acorn across action actual adapt adjust admit adult advice affair afford agent
        agree ahead airport album alert align alive alley allow almond along alpha also always amaze amber amount
        ample amuse anchor ancient angle animal ankle annual answer antique antler anyone apart appear apple april
        apron aqua arcade arctic arena argue around array arrow artist aside aspen assist assume atlas atom attend
        attic august author autumn avenue avocado avoid awake award axis azure baby backup bacon badge bagel baker
        balcony ballet bamboo banana banjo barn basic basket beacon beam beard beaver become bedtime beef before
        begin behave behind belong bench benefit beside better beyond bicycle bingo bird bishop blanket blaze blend
        blink blossom bluff boat bobcat bonus book boost borrow bottle bounce boxer brain brave breeze brick bridge
        bright bronze brother brown brush bubble bucket budget bumper bundle burger busy butter buyer cabin cable
        cactus call camera camp canal candle canoe canyon captain carbon carpet carry carve case castle catch
        cattle cause cave cedar century chain chalk change chapter chart cheese cherry chess child chimney chip
        choice cinema circle city civic claim clam class clean clever cliff climb clock cloth cloud clover coach
        coast cobalt coconut code coffee coin colony column combine comet common concert cookie copper coral corn
        cosmic cotton country cover coyote crane cream crisp cross crowd crunch crystal cube cupcake curve cushion
        custom cycle daily dainty daisy dance dare dash data dawn deal decade decide deck deep define degree delta
        dentist depth desk detail device dial diamond diary dice diesel dime dinner direct dish ditch diver divide
        dock doctor dodge dollar dolphin dome domino donkey door dorm double dove down dozen dragon drawer dream
        dress drift drink drive drop drum duck duet during dust each eager eagle early earth easel east easy echo
        edge edit educate effort elbow elder elect elegant eleven elite else email embark embrace employ empty
        enable enamel energy engage engine enhance enjoy enough enter entire entry epic equal equip escape every
        exact example excite exist exotic expand expert explore express extra fable fabric face factor fairy faith
        falcon family famous fancy farmer fashion fast father feast feed feel fence fiction field fifty figure film
        filter final finger first fish five flag flame flash flat flight flip float floor fluffy flute foam focus
        folder follow food foot force forest fork fossil fragile frame fresh friend front frost frozen fruit fuel
        full fund funnel future gadget gain galaxy gallop game garage garden garlic gather gear general gentle
        giant gift ginger give glacier glad glass gleam glide globe glove glow glue goal goblet golden golf good
        goose gourmet gown grace grain grand grape gravity green grew grid group grow guard guess guitar gulf habit
        half hammer hamster handle happy harvest haven hazel head health heat heavy height helmet help herb hero
        hidden highway hiking hill hint history hobby home honey hood hook hope horizon horn host hotel house hover
        huge human humble hurdle husband husky icon igloo image immune impact import improve inch income index
        indoor infant inform inland input insect inside inspire into invent invite iris iron island item ivory
        jacket jasmine jazz jelly jester jigsaw join jolly joyful judge juggle juice july jumbo jump june jungle
        junior jury justice kayak keen keep kettle kind king kiosk kite kitten kiwi label lace ladder lady lake
        lamp land lantern large laser last late laugh launch lawn lawyer layer leader learn lease leave lecture
        left legend lemon length lens less letter level liberty life lift light lilac lime limit linen link lion
        liquid list little live lobby local logic long look loud lounge love lucky luxury machine magic magnet
        major make manage mango many maple marble march market marsh master match math matter maximum meadow mean
        media mellow melody member memory mend mention menu merge merit message meteor method middle mild mile milk
        mimic mindful mineral mint minute mirror mitten mixture mobile model moment money monkey month mood moon
        mosaic moss motor mouse move movie much muffin museum music must nail name napkin narrow nation nature near
        neat neck needle neon nest network never news next nice nine noble noodle noon normal north note nothing
        notice novel number oasis object obtain obvious ocean offer office often okay olive omega once online open
        opera opinion option orange orbit orchid order origin otter ounce output outside oval oven over owner
        oyster pack paddle page paint palace paper parade party pasta patient pattern peach pebble pencil people
        pepper perfect phone photo piano picnic pigeon pillow pilot pine pirate pitch pizza planet plate plenty
        plug pocket poem point polar pond pony popcorn porch potato powder print prism proud public pudding puffin
        pupil puppet purple push puzzle pyramid quarter queen quick quiet quilt quote radio raisin rally ranch
        rapid rather raven razor reach rebuild recipe record reduce refresh region relax remote rent repair rescue
        result return reveal reward ribbon rich riddle ridge ripple ritual river roast robin robot rocket rodeo
        roof room rooster rope rotate round royal rubber ruby rudder rugby ruler runner saddle safari sage salad
        salmon salsa salute sample sandal saturn scale school scout screen script season second secret select
        senior series settle seven shadow shell ship signal silver simple sincere singer sister skate sketch skill
        slice smile smooth snack sneaker snow soap soccer social soda soft solar solid someone sonata sonic sound
        south space special spoon spring square stable statue steam stone stream student sudden sugar suit summer
        sunset super swallow swift switch system tackle taco tactic talent tango target tassel taste taxi teapot
        temple tennis term texture thank thread ticket tidy tiger tiny tissue title toast today token tomato topic
        torch tornado total toucan tower town track trail travel tree trophy tulip tunnel turtle twelve twenty twig
        twist type ultra uncle under unicorn union unique until update upon upper urban urgent useful usher usual
        vacuum value vault vector velvet venture verb video view village violet visit vital vivid voice volcano
        volume waffle wagon walk wallet walnut warm wash watch water wealth welcome west wheat width wild willow
        window winter wire wisdom within wizard wolf wonder wooden writer yard yearly yellow yoga young youth zebra
        zero zigzag zipper zone
        """
}
