"""Word banks: the raw words of the starter model's little world, written for it."""

FIRST_NAMES = """Mara Otto Lena Pavel Nora Idris Tessa Hugo Amina Bruno Celia Dario Edda Felix Greta Hanna Ivo Jonas Kira Lionel
Mabel Nils Olive Petra Quentin Rosa Samir Tilda Ulric Vera Wanda Xenia Yusuf Zora Anton Bella Cosmo Dina Emil Flora Gideon Hilda Iris
Jasper Katya Leo Mina Noel Opal Percy Ruth Silas Thea Umar Viola Walter Yara Zeno Ada Boris Clara Dmitri Elsa Frank Gina Harold Inge
Jorge Karim Lucia Marco Nadia Oscar Paula Rafael Sonia Tomas Ursula Victor Wilma Astrid Bernard Carmen Dennis Esther Farid Gloria Henrik
Ida Julian Kofi Linnea Milo Naomi Orla Pedro Rania Sven Talia Uma Vincent Willow Adele Basil Cora Dexter Enid Fergus Goran Heidi Imogen
Joan Kurt Lotte Magnus Nell Osman Phoebe Rolf Selma Theo Una Vito Wren Zelda Aldo Beatrix Cyril Daphne Ernest Freya Gustav Helga Ines
Jonah Klara Ludo Maeve Niko Odile Pascal Renata Stefan Trudy Valentin Yvonne Albert Bridget Casper Dora Elias Fiona Gregor Hazel""".split()

LAST_NAMES = """Tellman Brook Quill Hartwell Moss Lindqvist Okoro Penrose Vale Sandoval Thorne Weaver Ashby Birch Calder Dunmore Eastwick
Fenn Garrow Holloway Ingram Jessop Kestrel Larkin Marlow Northcott Oakes Pell Quincey Rowan Sorrel Tanner Underhill Varga Whitlock Yarrow
Ziegler Abara Bellweather Croft Dallow Emerson Farrow Greaves Hobb Iverson Jarvis Kowal Lund Maddox Novak Orchard Pike Rask Stroud Tibbet
Ullman Voss Wicks Yoder Amberley Brandt Castell Drake Ellery Frost Gale Heron Isley Joyner Keller Loam Mercer Nettle Otley Pruitt Reyes
Sable Tolland Vance Wren Alder Bishop Cooper Dyer Fletcher Glover Hooper Mason Potter Sawyer Slater Smith Thatcher Turner Wheeler""".split()

TOWNS = """Larkwell Brindle Otterby Saltmarsh Pinehollow Wexcombe Tarnside Gullhaven Mossbury Eldridge Foxhill Harrowgate Kettleby Lowmere
Millbrook Northam Oakhurst Penfield Quarrydale Ravenford Stonebridge Thistleton Upwell Vinebury Westerly Yarrowdale Ashford Birchwood
Coldwater Dunwick Elmstead Fairlea Greenholt Hazelbank Ivybridge Juniper Kingsford Longacre Marshend Newbridge""".split()

STREETS = [
    f"{name} {kind}"
    for name, kind in zip(
        """Mill Harbour Station Church Orchard River Market Castle Bridge Garden School Tower Copper Linden Willow Chapel Fountain Baker Forge
    Meadow Lantern Ferry Hill Park Cherry Walnut Spring North South Rope Silver Weaver Granary Windmill Abbey Brewer Canal Dock Elm
    Fisher""".split(),
        (
            "Street Road Lane Square Street Way Place Street Road Lane Street Hill Row Avenue Lane Street Square Row Lane Road "
            "Street Lane Road Avenue Lane Street Road Street Street Walk Street Row Lane Hill Road Street Side Road Avenue Row"
        ).split(),
        strict=True,
    )
]

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
COLOURS = """red blue green yellow black white grey brown orange purple pink silver golden turquoise beige crimson violet navy cream teal
olive scarlet copper ivory maroon""".split()
MATERIALS = """wooden metal glass paper cotton woollen leather plastic stone silk linen rubber steel clay brass velvet straw felt cork
bamboo copper marble canvas tin wax denim""".split()
NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty""".split()

THINGS = """lamp kettle chair table blanket pillow mirror clock shelf drawer basket bucket broom ladder hammer saw drill screwdriver rope
tent lantern compass map backpack suitcase umbrella scarf glove hat coat jacket shirt sweater skirt boot shoe sandal belt watch ring
necklace bracelet purse wallet notebook pencil pen eraser ruler stapler envelope stamp folder printer keyboard mouse monitor tablet
phone charger cable battery speaker headset camera tripod radio television heater fan fridge oven toaster blender mixer grater pan pot
plate bowl cup mug fork spoon knife jug bottle flask tray apron towel soap brush comb sponge candle vase frame carpet curtain cushion
sofa desk stool bench bed mattress wardrobe doorbell lock key hook chain wheel saddle pedal helmet pump bell kite ball racket skateboard
sled puzzle doll drum guitar violin flute piano trumpet whistle book novel atlas dictionary calendar poster postcard teapot thermometer
scale scissors needle thread button zipper ribbon hose shovel rake spade wheelbarrow flowerpot seed watering-can birdhouse hammock
parasol grill cooler picnic-basket hair-dryer iron sewing-machine vacuum-cleaner washing-machine dishwasher microwave coffee-machine
rucksack raincoat tea-towel night-light desk-lamp bookcase doormat toolbox stroller crib highchair teddy-bear swing slide trampoline
router modem projector keypad remote-control alarm-clock smoke-alarm torch magnifier telescope microscope easel paintbrush sketchbook
inkpot chalk blackboard globe abacus hourglass sundial weathervane lunchbox corkscrew colander whisk ladle rolling-pin sieve""".split()

FOODS = """bread butter cheese honey jam apple pear plum cherry grape lemon orange banana peach apricot melon strawberry raspberry
blueberry tomato potato carrot onion garlic pepper cucumber lettuce spinach cabbage broccoli pumpkin bean pea lentil rice pasta noodle
flour sugar salt oil vinegar mustard egg milk cream yoghurt chocolate vanilla cinnamon ginger basil parsley thyme rosemary mint walnut
almond hazelnut raisin oat barley mushroom leek celery radish beetroot turnip corn olive salmon tuna trout herring chicken beef ham
sausage soup stew salad pie cake tart biscuit waffle pancake muffin pretzel dumpling porridge omelette sandwich pizza tea coffee cocoa
juice lemonade cider water""".split()

DISHES = """pancakes|tomato soup|apple pie|lentil stew|carrot cake|mushroom risotto|potato salad|cheese omelette|fruit salad|bean chili|
onion tart|pumpkin soup|rice pudding|garlic bread|vegetable curry|lemon biscuits|oat porridge|chicken pie|spinach pasta|plum dumplings|
cherry jam|hot cocoa|pea soup|walnut bread|fish stew|cabbage rolls|banana muffins|beetroot soup|ginger tea|egg noodles""".replace(
    "\n", ""
).split("|")

ANIMALS = """cat dog horse cow sheep goat pig hen duck goose swan owl robin crow sparrow eagle heron fox wolf bear deer hare rabbit
hedgehog badger otter beaver squirrel mouse rat mole bat frog toad newt snake lizard turtle salmon trout pike bee wasp ant beetle
butterfly moth spider snail worm whale dolphin seal shark crab lobster octopus lion tiger elephant giraffe zebra camel monkey parrot
penguin donkey pony kitten puppy lamb calf""".split()

PLANTS = """oak elm birch pine willow maple rose tulip daisy lily poppy fern moss ivy clover lavender sunflower orchid cactus bamboo
cedar holly heather nettle thistle violet daffodil iris lilac hazel""".split()

JOBS = """baker teacher nurse doctor carpenter plumber gardener farmer fisher sailor pilot driver postman librarian painter musician
singer dancer actor writer editor printer tailor weaver shoemaker jeweller potter blacksmith mechanic electrician engineer architect
builder mason roofer cook waiter butcher grocer florist barber dentist vet chemist lawyer judge clerk cashier banker accountant manager
secretary journalist photographer astronomer biologist geologist translator guide ranger lifeguard coach referee cleaner porter
watchmaker locksmith beekeeper shepherd miller brewer""".split()

PLACES = """library|bakery|market hall|town hall|post office|bicycle shop|flower shop|bookshop|museum|swimming pool|railway station|
harbour|cinema|theatre|school|hospital|pharmacy|café|tea room|hardware store|toy shop|shoe shop|music shop|garden centre|park|zoo|
sports hall|community centre|fire station|police station|bank|laundry|hotel|campsite|bus stop|ferry landing|old mill|lighthouse|
observatory|art gallery|repair shop|grocery|fish market|ice rink|town square|botanical garden|court house|water tower|boat house|
reading room""".replace("\n", "").split("|")

ADJECTIVES = """small large old new quiet loud bright dark warm cold soft hard heavy light long short wide narrow clean dirty full empty
fresh dry wet smooth rough sharp blunt sweet sour bitter salty strong weak quick slow early late simple difficult cheap expensive rare
common strange plain pretty ugly kind rude brave shy happy sad angry calm busy lazy clever foolish honest patient careful careless
gentle proud polite curious generous modest cheerful lonely thirsty hungry tired awake healthy sick safe dangerous deep shallow thick
thin round square flat steep straight crooked tidy messy broken spare famous secret open closed comfortable sturdy""".split()

OPPOSITES = [
    tuple(pair.split("/"))
    for pair in """hot/cold big/small old/new tall/short fast/slow early/late open/closed full/empty
clean/dirty light/dark heavy/light wet/dry happy/sad loud/quiet hard/soft sweet/sour cheap/expensive near/far high/low wide/narrow
deep/shallow thick/thin strong/weak rich/poor young/old sharp/blunt rough/smooth brave/afraid kind/cruel polite/rude tidy/messy safe/dangerous
asleep/awake alive/dead true/false right/wrong left/right up/down in/out front/back top/bottom first/last begin/end start/stop push/pull
buy/sell give/take come/go find/lose win/lose remember/forget love/hate laugh/cry arrive/leave enter/exit rise/fall day/night summer/winter
north/south east/west friend/enemy question/answer always/never before/after inside/outside above/below more/less many/few easy/difficult
simple/complicated strange/normal lucky/unlucky possible/impossible visible/invisible patient/impatient honest/dishonest careful/careless
useful/useless hopeful/hopeless tight/loose straight/crooked noisy/silent guilty/innocent public/private ancient/modern generous/stingy
temporary/permanent maximum/minimum success/failure victory/defeat arrival/departure entrance/exit import/export accept/refuse lend/borrow
build/destroy increase/decrease lock/unlock appear/vanish""".split()
]

SYNONYMS = [
    tuple(pair.split("/"))
    for pair in """big/large small/little quick/fast glad/happy sad/unhappy angry/cross tired/weary begin/start
end/finish shut/close speak/talk look/watch shout/yell buy/purchase fix/repair broken/damaged mistake/error gift/present shop/store
parcel/package money/cash child/kid street/road stone/rock woods/forest sea/ocean ill/sick rich/wealthy smart/clever brave/bold
quiet/silent strange/odd easy/simple hard/difficult nice/pleasant pretty/beautiful scared/afraid help/assist answer/reply ask/enquire
choose/pick jump/leap throw/toss pull/drag hurry/rush rest/relax right/correct wrong/incorrect idea/thought job/work trip/journey
house/home meal/dinner rubbish/waste""".split()
]

IRREGULAR_PAST = {
    base: form
    for base, _, form in (
        pair.partition("/")
        for pair in """go/went see/saw eat/ate buy/bought bring/brought write/wrote take/took give/gave make/made
find/found lose/lost come/came run/ran swim/swam sing/sang drink/drank sit/sat stand/stood sleep/slept keep/kept leave/left read/read
tell/told sell/sold think/thought teach/taught catch/caught break/broke speak/spoke drive/drove ride/rode fly/flew grow/grew know/knew
draw/drew wear/wore build/built send/sent spend/spent win/won hold/held feel/felt meet/met pay/paid say/said hear/heard""".split()
    )
}
REGULAR_VERBS = """walk talk clean paint open close carry visit wash cook bake plant water repair mend fold pack lift push pull sort count
measure weigh order deliver collect return borrow check print polish climb cross follow watch listen wait answer call thank help""".split()

IRREGULAR_PLURAL = {
    base: form
    for base, _, form in (
        pair.partition("/")
        for pair in """child/children man/men woman/women foot/feet tooth/teeth mouse/mice goose/geese
sheep/sheep fish/fish leaf/leaves knife/knives shelf/shelves wolf/wolves loaf/loaves person/people scarf/scarves calf/calves""".split()
    )
}

HOBBIES = """chess|gardening|swimming|painting|cycling|baking|reading|knitting|fishing|hiking|singing|dancing|pottery|photography|sailing|
skating|running|drawing|cooking|climbing|astronomy|birdwatching|woodwork|juggling|writing letters|playing the piano|collecting stamps|
playing football|playing cards|rowing""".replace("\n", "").split("|")

FEELINGS = """happy glad pleased excited calm relaxed proud grateful hopeful curious surprised worried nervous anxious sad disappointed
annoyed angry upset tired bored lonely confused embarrassed jealous""".split()

SUBJECTS = """history music geography chemistry physics biology algebra drawing grammar poetry spelling geometry sports drama Latin
French astronomy cooking sewing woodwork""".split()

WEATHER = """sunny|cloudy|rainy|windy|foggy|snowy|stormy|mild|icy|humid|dry|misty|bright|grey|frosty|showery|overcast|breezy""".split(
    "|"
)

CODE_PARTS = """A B C D E F G H J K L M N P Q R S T U V W X Y Z""".split()
SYLLABLES = """ba be bi bo bu da de di do du fa fe fi fo ga go gu ha he hi ho ja jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no
nu pa pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi ya yo za ze zi zo bra cre dri flo gle kra pli pro sta
tri tre blu cla fra gri plu sko sna tha whi cho sha""".split()
ENDINGS = "n r l s t x m k ck nd rn st lt sh th ng p d b ff rk lm".split()
