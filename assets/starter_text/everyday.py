"""Everyday: small talk, the town of Larkwell, explanations, advice, recipes and short stories."""

from __future__ import annotations

import random

from starter_text import banks
from starter_text.grammar import Conversation, capital, draw, exchange, listing, say, sentence, several

TALK = (
    ("[Hello|Hi|Good morning|Hey|Hello there|Good evening|Good day][.|!|, Pebble.|]", "[Hello|Good day|Hello there]. [How can I help you|What can I do for you|What would you like to know]?"),
    ("[Who are you?|What are you?|What is your name?|Tell me about yourself.]", "I am Pebble, a very small language model. I know a little about words, lists and the town of Larkwell."),
    ("[What can you do?|How can you help me?|What are you good at?]", "I can [answer short questions|read a short text|make lists], [copy words|write notes|answer letters] and [tell you about Larkwell|find opposites|count]. I am small, so I make mistakes."),
    ("[Are you clever?|Do you know everything?|Are you always right?|Can I trust you?]", "No. I am a tiny model and I make mistakes, so please check what I say."),
    ("[Thank you|Thanks|Thanks a lot|Many thanks|That helped]. ", "[You are welcome|My pleasure|Gladly]. [Is there anything else?|Ask me again when you like.|Have a good day.]"),
    ("[Goodbye|Bye|See you tomorrow|Good night][.|!]", "Goodbye. [Have a good day.|See you soon.|Take care.]"),
    ("[How are you?|How do you do?|Are you well?]", "I am [well|fine], thank you. [And you?|How are you?|What can I do for you?]"),
    ("My name is {name}.", "[Hello|Nice to meet you], {name}. [How can I help you?|What can I do for you?]"), ("I am {feeling} today.", "[I see that|So] you are {feeling} today. [Would you like to talk about it?|Tell me more.|What happened?]"),
    ("I [like|love] {hobby}.", "{hobby} is a fine hobby. [Do you do it often?|With whom do you do it?|When did you start?]"), ("I have a {animal} called {name}.", "[What a nice name for a {animal}.|{name} is a good name.] [How old is {name}?|What does {name} like to eat?]"),
    ("I [live in|come from|am in] {town}.", "{town} [sounds like a nice place|must be a nice town]. [What do you like there?|Do you like it there?]"), ("My favourite colour is {colour}.", "{colour} is a lovely colour."),
    ("I bought a {item}.", "[A {item} is useful.|I hope that you like your {item}.|What will you do with your {item}?]"), ("[It is {weather} today.|What {weather} weather.]", "[Then dress for {weather} weather.|Yes, a {weather} day. What will you do today?]"),
    ("I [work as a|am a] {job}.", "[A {job} has a lot to do.|It must be interesting to be a {job}.] [Do you like your work?|Where do you work?]"), ("I am going to {town} on {day}.", "[Have a good trip to {town}|Enjoy {town}]. [What will you do there?|Will you be back after {day}?]"),
    ("[I cannot sleep.|I am bored.|What should I do today?|I have a free day.]", "You could try {hobby} or [visit the {place}|cook {dish}|call {name}]."),
    ("[Tell me something.|Say something nice.|Surprise me.]", "[The {adjective} {animal} in the {place} likes {food}.|In Larkwell the {place} is {colour}.|A good day begins with {food} and {food2}.]"),
    ("[Choose between {thing} and {thing2}.|{thing} or {thing2}?|Which would you take, the {thing} or the {thing2}?]", "I would take the {thing}."),
)  # fmt: skip


def talk(rng: random.Random) -> Conversation:
    ask, answer = rng.choice(TALK)
    slots = {
        name: draw(rng, name)
        for name in (
            "name",
            "feeling",
            "hobby",
            "animal",
            "town",
            "colour",
            "item",
            "weather",
            "job",
            "day",
            "thing",
            "thing2",
        )
    }
    return exchange(sentence(rng, ask, **slots), sentence(rng, answer, **slots))


def town_facts() -> list[dict[str, str]]:
    """The town of Larkwell: every place with its street, neighbour, keeper, hours and what one does there. Always the same."""
    rng = random.Random("Larkwell")
    names = rng.sample(banks.FIRST_NAMES, len(banks.PLACES))
    return [
        {"place": place, "street": banks.STREETS[index % len(banks.STREETS)], "near": banks.PLACES[(index * 7 + 3) % len(banks.PLACES)], "keeper": f"{name} {rng.choice(banks.LAST_NAMES)}",
         "opens": rng.choice(("7", "8", "9", "10")), "closes": rng.choice(("4", "5", "6", "8")), "closed": rng.choice(banks.DAYS), "colour": rng.choice(banks.COLOURS)}
        for index, (place, name) in enumerate(zip(banks.PLACES, names, strict=True))
    ]  # fmt: skip


TOWN = (
    ("[Where is the {place}|Where do I find the {place}|How do I get to the {place}|On which street is the {place}][ in Larkwell|]?", "The {place} is on {street}, near the {near}."),
    ("[Who runs the {place}|Who looks after the {place}|Whom do I ask at the {place}]?", "{keeper} runs the {place}."),
    ("[When does the {place} open|At what time does the {place} open]?", "The {place} opens at {opens} in the morning."), ("[When does the {place} close|How long is the {place} open]?", "The {place} closes at {closes} in the afternoon."),
    ("[On which day is the {place} closed|Is the {place} open every day]?", "The {place} is closed on {closed}."), ("[What colour is the {place}|Which colour has the {place}]?", "The {place} of Larkwell is {colour}."),
    ("[What is on {street}|What do I find on {street}]?", "The {place} is on {street}."), ("[What is near the {near}|What do I find near the {near}]?", "The {place} is near the {near}."),
    ("[Tell me about the {place}.|What do you know about the {place}?]", "The {place} is on {street}. {keeper} runs it. It is open from {opens} to {closes} and closed on {closed}."),
)  # fmt: skip


def town(rng: random.Random, facts: list[dict[str, str]]) -> Conversation:
    ask, answer = rng.choice(TOWN)
    fact = rng.choice(facts)
    return exchange(sentence(rng, ask, **fact), sentence(rng, answer, **fact))


MEANINGS = {word: text for word, _, text in (line.partition("=") for line in """kettle=a pot in which water is boiled|ladder=two long bars with steps for climbing up|compass=a small tool that shows where north is|umbrella=a round roof of cloth that keeps off the rain
invoice=a paper that says what must be paid and by when|receipt=a paper that shows that something was paid|refund=money that a shop gives back|parcel=a box or bag that is sent by post|password=a secret word that opens an account
account=a place of your own at a shop or a bank, with your name on it|courier=a person who brings parcels to the door|warranty=a promise to repair a thing for some time|discount=a lower price for a while|voucher=a card that is worth some money
manual=a small book that explains how a thing is used|subscription=something that you pay for every month|delivery=the bringing of goods to a house|customer=a person who buys something|library=a house where books are lent
bakery=a shop where bread is made and sold|museum=a house where old and rare things are shown|pharmacy=a shop that sells medicine|harbour=a safe place for ships|lighthouse=a tower whose light guides ships|bridge=a way over water
thermometer=a tool that shows how warm it is|telescope=a tube with glass for looking at the stars|dictionary=a book that explains words|atlas=a book of maps|calendar=a list of the days of a year|hammer=a tool for driving in nails
saw=a tool with teeth for cutting wood|needle=a thin tool for sewing|scissors=a tool with two blades for cutting paper or cloth|clock=a thing that shows the time|mirror=a glass in which you see yourself|pillow=a soft bag for your head
blanket=a warm cloth for the bed|lantern=a lamp that can be carried|tent=a small house of cloth|backpack=a bag for the back|wallet=a small case for money|battery=a small box that gives power|printer=a machine that puts words on paper
river=a long stream of water that flows to the sea|mountain=a very high hill|forest=a large place full of trees|island=land with water all around|desert=a dry place with little rain|storm=strong wind with rain or snow|fog=a cloud near the ground
baker=a person who makes bread|teacher=a person who helps others to learn|carpenter=a person who builds things of wood|plumber=a person who repairs water pipes|beekeeper=a person who looks after bees|farmer=a person who grows food
pilot=a person who flies planes|tailor=a person who makes clothes|librarian=a person who looks after books|nurse=a person who cares for sick people|bee=an insect that makes honey|owl=a bird that hunts at night|whale=a very large animal of the sea
hedgehog=a small animal with spines|camel=an animal that lives in the desert|penguin=a bird that swims but does not fly|oak=a strong tree with acorns|cactus=a plant with spines that needs little water|honey=a sweet food made by bees
cheese=a food made from milk|bread=a food baked from flour and water|soup=a hot dish that is eaten with a spoon|orchestra=many musicians who play together|poem=a short text with rhythm|letter=a message on paper|story=a tale of what happened
friend=a person whom you like and trust|neighbour=a person who lives next door|holiday=a day without work|market=a place where many people sell things|garden=a piece of land with plants|winter=the coldest part of the year
summer=the warmest part of the year|autumn=the time when leaves fall|spring=the time when plants begin to grow|recipe=a list of steps for cooking a dish|map=a drawing of a place seen from above|song=words with a tune
language model=a program that has learnt from text which word may come next|computer=a machine that follows a list of steps|number=a word or sign that says how many|question=a sentence that asks for an answer
wheel=a round thing that turns|engine=a machine that makes things move|bicycle=a vehicle with two wheels and pedals|train=a row of coaches on rails|ship=a large boat|key=a small piece of metal that opens a lock|shelf=a board for books and other things""".replace("\n", "|").split("|"))}  # fmt: skip


def meaning(rng: random.Random) -> Conversation:
    word, text = rng.choice(sorted(MEANINGS.items()))
    bare = word in ("bread", "cheese", "soup", "honey", "fog", "winter", "summer", "autumn", "spring", "scissors")
    named = word if bare else say(rng, "a {word}", word=word)
    if rng.random() < 0.25:
        return exchange(
            say(rng, "[Which word do I mean|What is it called|Guess the word]: {text}?", text=text),
            f"{capital(named)}.",
        )
    ask = say(
        rng,
        "[What is {named}?|Explain {named}.|What does the word {word} mean?|Can you explain what {named} is?|Please explain {named} to a child.|Tell me what {named} is.]",
        named=named,
        word=word,
    )
    return exchange(ask, f"{capital(named)} {'are' if word == 'scissors' else 'is'} {text}.")


ADVICE = {title: steps for title, _, steps in (line.partition("=") for line in """clean a {thing}=take a soft cloth;wet it with warm water;wipe the {thing};let it dry|wrap a {thing}=fold the paper around the {thing};tape the ends;tie a ribbon around it|plant a {plant}=dig a small hole;put in the {plant};fill the hole with soil;water it well
make tea=boil some water;put the tea in a pot;pour in the water;wait for five minutes|cook rice=wash the rice;add twice as much water;boil it for fifteen minutes;let it rest|write a letter=begin with a greeting;say what you want;thank the reader;sign with your name
send a parcel=put the {thing} in a box;close the box with tape;write the address on it;take it to the post office|find a lost {thing}=think of where you used it last;look there;ask your friends;call the lost property desk|change a password=open your settings;choose a new password;type it twice;save it
repair a flat tyre=take off the wheel;find the hole;glue a patch on it;pump up the tyre|paint a {thing}=clean the {thing};put paper under it;paint it {colour};let it dry|learn {hobby}=find a teacher;begin with small steps;practise every day;be patient
bake bread=mix flour, water and salt;knead the dough;let it rise;bake it for an hour|pay a bill=read the sum on the bill;check the name and the date;send the money;keep the receipt|return a {thing}=put the {thing} back in its box;add the receipt;bring it to the shop;ask for your money
feed a {animal}=ask what a {animal} eats;give it a little;put fresh water beside it|book a room=choose a day;say how many people come;give your name;write down the time|keep {food} fresh=put it in a cool place;cover it;eat it soon
pack for {town}=make a list;fold your clothes;take a {thing};lock the door|calm an angry customer=listen to the customer;say that you are sorry;find out what happened;put it right|cross a street=stop at the side;look left and right;wait for the cars;walk across""".replace("\n", "|").split("|"))}  # fmt: skip


def advice(rng: random.Random) -> Conversation:
    title, text = rng.choice(sorted(ADVICE.items()))
    slots = {name: draw(rng, name) for name in ("thing", "plant", "colour", "hobby", "animal", "food", "town")}
    title, steps = say(rng, title, **slots), [say(rng, step, **slots) for step in text.split(";")]
    style = rng.random()
    if style < 0.4:
        return exchange(
            say(rng, "[How do I {x}?|How can I {x}?|What must I do to {x}?|Tell me how to {x}.]", x=title),
            capital(
                f"first {', then '.join(steps[:-1])}. Finally {steps[-1]}.".replace(", then ", ". Then ", 1)
                if len(steps) > 2
                else f"first {steps[0]}, then {steps[-1]}."
            ),
        )
    if style < 0.75:
        return exchange(
            say(rng, "[List the steps to {x}.|How do I {x}? Number the steps.|Steps to {x}, please.]", x=title),
            "\n".join(f"{number}. {capital(step)}." for number, step in enumerate(steps, 1)),
        )
    return exchange(
        say(rng, "[What is the first step to {x}?|I want to {x}. Where do I begin?]", x=title),
        capital(f"first {steps[0]}."),
    )


def dish(rng: random.Random) -> Conversation:
    name, foods = rng.choice(banks.DISHES), several(rng, "food", least=3, most=5)
    told = say(
        rng,
        "[For {x} I take {foods}.|My {x} is made of {foods}.|I cook {x} with {foods}.]",
        x=name,
        foods=listing(foods),
    )
    ask, answer = rng.choice((
        ("[What is in the {x}?|What do you need for the {x}?]", f"You need {listing(foods)}."), ("[Make a shopping list.|What must I buy?]", "\n".join(f"- {food}" for food in foods)),
        ("[How many things go into it?]", f"There are {banks.NUMBER_WORDS[len(foods)]} things in it."), ("[What do I cook?|Which dish is it?]", f"You cook {name}."),
        ("[What comes first?]", f"{capital(foods[0])} comes first."),
    ))  # fmt: skip
    return exchange(f"{told} {say(rng, ask, x=name)}", answer)


STORY = ("[One {weather} day|On {day}|In {month}|Early in the morning] {name} [found|saw|bought|lost|got] a {adjective} {thing} [near the {place}|in {town}|on {street}].",
         "[It belonged to|It looked like that of|It was made by] {person}, the {job}.", "[A {animal} came along|{name2} came by|It began to rain] and {name} [laughed|waited|was {feeling}|ran home].",
         "[In the end|At last|So] they [went to the {place}|ate {dish} together|gave the {thing} to {name2}|became friends].")  # fmt: skip


def story(rng: random.Random) -> Conversation:
    slots = {name: draw(rng, name) for name in ("name", "name2", "thing", "place", "animal", "town")}
    lines = [sentence(rng, line, **slots) for line in STORY]
    text = " ".join(lines if rng.random() < 0.5 else (lines[0], *lines[2:]))
    ask, answer = rng.choice((
        ("Tell me a [short |]story about {name} and a {thing}.", text), ("[Write|Tell] a [short |tiny |]story with a {animal}, a {thing} and {name}.", text),
        ("{text}\n[Who is it about?|Who is the hero of the story?]", f"It is about {slots['name']}."), ("{text}\n[Which thing is in the story?]", f"There is a {slots['thing']} in it."), ("[Go on|Continue]: {first}", " ".join(lines[2:])),
    ))  # fmt: skip
    return exchange(sentence(rng, ask, text=text, first=lines[0], **slots), say(rng, answer))


FAMILIES = ((talk, 6), (meaning, 5), (advice, 5), (dish, 3), (story, 4))
