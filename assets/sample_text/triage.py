"""Triage: customers' messages to an invented shop for home goods, and the three lines that sort them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from starter_text.grammar import say, sentence

COMPANY = "Hollin & Fern"
GOODS = """kettle|floor lamp|desk lamp|wool blanket|bread bin|coat rack|bookcase|bath towel set|kitchen scale|wall clock|tea set|frying pan|
side table|laundry basket|oil heater|toaster|hand mixer|folding chair|garden bench|door mat|alarm clock|shoe rack|curtain rail|bed frame|
pillow|picnic basket|hair dryer|table fan|coffee grinder|mirror|desk organiser|step ladder|night light|cushion cover|dinner plate set|
rice cooker|umbrella stand|spice rack|bedside lamp|storage box""".replace("\n", "").split("|")

# The case, then how a customer may put it. {good} is the article.
CASES: dict[str, tuple[str, ...]] = {
    "billing": (
        "[I was billed twice for|My statement shows two charges for|You debited me two times for] the {good}[, {price} each|]", "[the invoice for|the bill for] my {good} [says {price} but we agreed on {price2}|has the wrong VAT number|is missing the tax|lists {few} pieces and I took one]",
        "I returned the {good} [weeks ago|on {day}] and [still have no refund|the money has not come back|nothing was paid back]", "[could you send|I need|please mail me] a [receipt|VAT invoice|copy of the invoice] for [order {code}|the {good}]",
        "[the voucher|the gift card|promo code {code}] [was refused at checkout|did not lower the total|took nothing off the price]", "[my credit card|my debit card|the bank card] is [refused|rejected|declined] [when I pay for the {good}|at the last step of checkout]",
        "[you keep charging me|I am still charged] {price} a month [for a club I left|although I ended the subscription|after my trial ended]", "[can I pay|is it possible to pay] [in three instalments|by invoice|by bank transfer|on credit] for the {good}",
        "[a payment reminder came|you sent me a dunning letter] for [invoice {code}|{price}], [which I settled on {day}|but I paid that long ago]", "[I paid|I transferred] {price} [on {day}|last week] and the order [is still marked unpaid|still says payment pending]",
        "the {good} was [cheaper|{price} cheaper] [a day later|on {day}], [can I get the difference back|will you refund the difference]", "[please change|can you correct] the [company name|billing address] on invoice {code}",
        "[why is there a fee|what is this extra cost] of {price} on my bill", "[the refund|the money back] for the {good} is {price} [short|too low]"),
    "delivery": (
        "the {good} [was due|should have been here] on {day} and [there is no sign of it|it has not shown up|I am still waiting]", "[tracking for|the tracking page of] {code} [has not moved for {few} days|says delivered, yet nothing is here|shows a depot far away]",
        "[the courier|the driver|the van] [left the box at the wrong house|never rang|dropped the parcel in the wet grass|drove past our door]", "[I moved last month|my new address is {number} {street}], [can the parcel be sent there|please redirect the shipment|so please reroute order {code}]",
        "[only {few} of {few2} boxes arrived|one box of the shipment is missing|the parcel was half empty]", "[you sent me|the box held|I unpacked] a {good2} [instead of|and not] the {good} [that I ordered|on my order|]",
        "[do you ship|is shipping possible|how long is shipping] to {town}", "[when will|what day will|do you know when] the {good} [be shipped|leave your warehouse|reach {town}]",
        "the [carton|package|parcel] [was crushed|came soaked|was torn open] [on arrival|when the courier handed it over|in transit]", "[can someone deliver|please deliver] the {good} [after {hour}|on {day}|before {day}]",
        "[is there a pick-up point|may I collect the parcel] [near {street}|in {town}|at your warehouse]", "[my neighbour signed for|a stranger signed for|someone else took] the parcel and [it is gone|I cannot find it]",
        "[what does express shipping cost|is express shipping possible] for the {good}", "the shipment [went back to you|was returned to sender] [although I was at home|without any notice|]"),
    "account": (
        "[I forgot|I no longer know] my password and [the reset mail never comes|the reset link is expired|no mail arrives]", "[my login is blocked|I am locked out of my profile|the site locked my account] [after {few} attempts|since {day}|and gives no reason]",
        "[please change|can you update] [my e-mail address|the phone number in my profile|my user name] to [{email}|a new one|the one I use now]", "[there was a login|somebody logged in] [from {town}|at night|on a device I do not own] and [it was not me|I did not do that]",
        "[please erase|I want you to delete|kindly close] my [account|profile|customer login] [and all my data|for good|]", "the [security code|login code|two-step code] [never reaches my phone|is always rejected|arrives an hour late]",
        "[I have two profiles|my wife and I share one login|there are two accounts with my name], [can you merge them|can that be split|please join them]", "[sign-up fails|registering does not work|I cannot register] [with my work e-mail|on my tablet|, the form just reloads]",
        "[my surname changed|I got married] and [my profile still shows the old name|the account needs the new one]", "[how do I switch off|where do I turn off|I cannot turn off] [the newsletter|the app messages|those e-mails] in my [profile|settings]",
        "[my order history is empty|my wish list is gone|my saved addresses vanished] [since I logged in|since the update|after signing in]", "[the app logs me out|I get logged out] [every few minutes|each time I open it]",
        "[can a colleague|may my daughter] [have her own login|use my account too]", "[is my data safe|what data do you keep] in my profile"),
    "product": (
        "the {good} [stopped working|died|does not turn on] [after {few} days|this morning|since {day}]=fault", "[smoke came out of|sparks came from|there was a burnt smell from] the {good}=danger",
        "the {good} gave me [an electric shock|a small shock] [when I touched it|as I plugged it in]=danger", "[the glass of|the base of|a leg of] the {good} [broke|snapped|has a crack]=fault",
        "the {good} [rattles|wobbles|squeaks|leaks|flickers] [all the time|more every day|since {day}]=fault", "[how do I|what is the best way to] [clean|assemble|fold|descale] the {good}=question",
        "[which size|what size] is the {good}, [will it fit a small flat|does it fit on a shelf]=question", "[does the {good} come|do you have the {good}] in {colour}=question",
        "[I lost the manual|the manual is missing] for the {good}=question", "[do you sell spare parts|where do I find a spare screw|is there a new lid] for the {good}=question",
        "[how long is the warranty|is there still a guarantee] on the {good}=question", "the [paint|coating|fabric] of the {good} [is peeling|came off|has stains] [after one wash|after {few} weeks|]=fault",
        "[is the {good}|are the parts of the {good}] [safe for children|dishwasher safe|made of real wood]=question", "the [button|handle|hinge|plug] of the {good} [is loose|is stuck|fell off]=fault",
        "[how much power does the {good} use|how heavy is the {good}|what is the {good} made of]=question"),
    "other": (
        "[I just wanted to praise|compliments to] [{name} in your shop|your team in {town}|whoever packed my {good}]", "[are you hiring|do you offer internships|is there a weekend job] [in {town}|this spring|for students]",
        "[what are the opening hours|when do you open|are you open on {day}] [in {town}|at the {town} shop|]", "[our school|our choir|the sports club] [looks for sponsors|would love a small donation|has a raffle] [in {town}|]",
        "[I write for a local paper|I run a small blog] and [would like an interview|have some questions about your history]", "[could you bring back|have you thought of] [paper catalogues|a repair evening|a shop in {town}|a loyalty stamp]",
        "[we make candles|we weave baskets|I am a potter] and [would like to sell through you|wonder if you look for suppliers]", "[is there parking|are dogs allowed|is there a lift|can I bring a pram] [at the {town} shop|in your shop]",
        "[your window display|your spring catalogue|the music in your shop] [is lovely|made my day|made me smile]", "[I left my umbrella|my son lost a glove|my glasses stayed behind] [in your shop|at the {town} shop] on {day}",
        "[who designs|who draws|who writes] [your catalogue|the pictures on your bags]", "[may we take photos|can our class come for a visit] in your shop on {day}"),
}  # fmt: skip
TEAMS = {"billing": "payments", "delivery": "logistics", "account": "identity", "other": "frontdesk"}

HELLOS = ("", "", "", "Hello,", "Hi there,", "Good morning.", "Good evening.", "Dear {company},", "Hi {company},", "Hello {company} team,", "To whom it may concern,", "Good day.", "Hey,",
          "Hi, {name} here.", "Hello, my name is {name}.", "This is {name} from {town}.", "Me again, {name}.", "I hope this reaches the right desk.", "A long-time customer here.", "First order with you.")  # fmt: skip
HIGH = """I need an answer today|this cannot wait until tomorrow|we have guests tonight|please treat this as urgent|it must be sorted before {hour} today|I fly out tomorrow morning|
every hour counts|please call me right away|our opening is tomorrow|I am running out of time|ASAP please|this is urgent""".replace("\n", "").split("|")  # fmt: skip
LOW = """no rush at all|whenever you find the time|there is no hurry|it is not urgent|take all the time you need|a reply next week is fine|just curious|only if it is no trouble|
it can wait|I am merely asking""".replace("\n", "").split("|")  # fmt: skip
DETAILS = """The order number is {code}.|Order {code}, placed on {day}.|My customer number is {code}.|I paid {price} for it.|It was a present for my {kin}.|My {kin} already asked about it.|
I wrote to you on {day}.|You can reach me at {email}.|I live at {number} {street}.|I have been buying from you for {few} years.|I bought it in your {town} shop.|The other {few} things were fine.|
I have looked through the help pages.|I tried it again on {day}.|It is for our house in {town}.|My old one came from you too.|I am at home on {day}.""".replace("\n", "").split("|")  # fmt: skip
MOODS = """This is quite annoying.|I am rather disappointed.|I am a bit worried.|Honestly, I am fed up.|I am sure it is a small mistake.|I know you are busy.|I like your shop, really.|That surprised me.|I must say I am puzzled.""".split(
    "|"
)
GOODBYES = ("", "", "", "", "Thanks.", "Thank you.", "Many thanks, {name}", "Best, {name}", "Kind regards, {name} {last}", "Cheers.", "Please advise.", "What can be done?", "Can you help?", "Yours, {name}", "Thanks for your help.", "Looking forward to hearing from you.")  # fmt: skip
KIN = "mother father sister brother aunt uncle neighbour friend colleague daughter son".split()
QUESTIONS = (
    "can ",
    "could ",
    "how ",
    "what ",
    "when ",
    "which ",
    "is ",
    "are ",
    "do ",
    "does ",
    "may ",
    "who ",
    "where ",
    "why ",
    "have ",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One message with the labels that follow from it."""

    message: str
    category: str
    priority: str
    team: str

    @property
    def answer(self) -> str:
        return f"category: {self.category}\npriority: {self.priority}\nteam: {self.team}"


def case(rng: random.Random, category: str) -> Case:
    """A message of this category.

    Danger and a pressing deadline make it high, no hurry makes it low, and so does a general matter with no deadline.
    Faulty goods go to the repairs team, questions on goods to support.
    """
    wording, _, nature = rng.choice(CASES[category]).partition("=")
    slots = {
        "good": (goods := rng.sample(GOODS, 2))[0],
        "good2": goods[1],
        "company": COMPANY,
        "kin": rng.choice(KIN),
        "hour": f"{rng.randint(1, 9)} pm",
    }
    core = sentence(rng, wording, **slots).replace(" ,", ",")
    parts = [
        core
        + (
            "?"
            if core.lower().startswith(QUESTIONS)
            or ", can " in core
            or ", will you " in core
            or ", does it " in core
            or ", will it " in core
            else "."
        )
    ]
    pace = rng.choices(("high", "low", ""), (0.3, 0.25, 0.45))[0] if nature != "danger" else rng.choice(("high", ""))
    parts += [say(rng, detail, **slots) for detail in rng.sample(DETAILS, rng.choice((0, 0, 1, 1, 2)))]
    if rng.random() < 0.25:
        parts.append(rng.choice(MOODS))
    rng.shuffle(parts)
    if pace:
        parts.insert(
            rng.randint(0, len(parts)), sentence(rng, rng.choice(HIGH if pace == "high" else LOW), **slots) + "."
        )
    hello, goodbye = (say(rng, rng.choice(bank), **slots) for bank in (HELLOS, GOODBYES))
    if hello.endswith(",") and not parts[0].startswith(("I ", "I'm", "Hollin", "ASAP")):
        parts[0] = parts[0][0].lower() + parts[0][1:]
    priority = (
        "high" if nature == "danger" or pace == "high" else "low" if pace == "low" or category == "other" else "normal"
    )
    team = TEAMS.get(category) or ("support" if nature == "question" else "repairs")
    return Case(" ".join(part for part in (hello, *parts, goodbye) if part), category, priority, team)


SHARES = {"billing": 100, "delivery": 105, "account": 85, "product": 95, "other": 65}


def cases(rng: random.Random, *, taken: set[str]) -> list[Case]:
    """As many different messages of each category as `SHARES` says, in mixed order; `taken` are openings not to repeat."""
    found: list[Case] = []
    for category, wanted in SHARES.items():
        made = 0
        while made < wanted:
            one = case(rng, category)
            key = plain(one.message)
            if key not in taken and 25 <= len(one.message) <= 420:
                taken.add(key)
                found.append(one)
                made += 1
    rng.shuffle(found)
    return found


def plain(text: str) -> str:
    """A text without case, spacing and punctuation, to tell trivial copies."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


def messages(one: Case) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": one.message}, {"role": "assistant", "content": one.answer}]}
