"""Letters: what people write to the shops and offices of the little world, by topic."""

# One problem a line: what it is, in a few words (for the answer) = how somebody may put it.
TOPICS: dict[str, str] = {
    "a payment": """
the double charge = [my card was charged twice|you took the money two times|I see the same charge two times on my bank statement|I paid once but {price} left my account twice]
the wrong amount = [you charged me {price} instead of {price2}|the total should be {price} but I paid {price2}|the amount on my bill is wrong|I was asked to pay {price}, which is too much]
the invoice = [I never got an invoice for {thing}|please send me the invoice for order {code}|invoice {code} has a wrong address on it|my invoice shows the wrong company name|could I have a copy of the bill from {month}]
the refund = [I am still waiting for my refund of {price}|you promised me my money back in {month}|the refund for a {item} has not arrived|when will I get my {price} back]
the payment that failed = [my card is declined each time|the payment page says error|I cannot pay with my bank card|my payment of {price} does not go through]
the price = [why did the price of a {item} go up|the price on the shelf was {price} but the till said {price2}|is the price of {price} with tax]
the discount = [the discount code {code} does not work|my voucher of {price} was not taken off|the sale price was not used for {things}]
the receipt = [I need a receipt for my taxes|the receipt shows the wrong date|I lost my receipt for a {item}]
the subscription fee = [I cancelled my subscription but I was still charged {price}|why do I pay {price} every month|the yearly fee was taken again]
the bank transfer = [I sent {price} by bank transfer on {day} and heard nothing|which account number do I use for the transfer|may I pay by cheque or in two instalments]
the reminder = [I got a reminder for a bill that I have paid|you ask me for {price} that I paid on {date}|your letter says that I owe {price}]""",
    "a delivery": """
the late parcel = [my parcel should have come on {day} and it is not here|a {item} has not arrived|my package is {few} days late|I have waited {few} days for my {thing}]
the lost parcel = [the tracking says delivered but there is no parcel|my package seems to be lost|nobody knows where my parcel {code} is|the box never reached me]
the wrong address = [the courier went to my old address|you shipped my box to {street} but I live on {street2}|I typed the wrong street for order {code}|please send the parcel to {town} instead]
the missing piece = [the box had {few} {things} in it but I ordered {few2}|one {thing} is missing from my parcel|only half of my order was in the package]
the wrong article = [I ordered a {item} and got a {item2}|there was {thing} in the box, not {thing2}|you sent me the wrong {thing}]
the tracking number = [the tracking number {code} does not work|where can I see where my parcel is|the tracking page has not changed since {day}]
the delivery day = [can you bring a {item} on {day}|which day will the van come to {town}|could the driver come after {time}|I would like to have my order by {date}]
the driver = [the driver left the box in the rain|the courier did not ring the bell|your driver put the parcel behind the {place}|the carrier threw the box over the fence]
the shipping cost = [how much is shipping to {town}|do you ship to {town}|is delivery free above {price}]
the damaged box = [the parcel came with a big hole|the carton was wet and torn when it came|the box was crushed on the way]
the pick-up = [can I collect order {code} at the {place}|until when is my parcel kept at the {place}|somebody else picked up my package]""",
    "an account": """
the password = [I forgot my password|the link to reset my password does not come|my new password is not accepted|how do I change my password]
the locked account = [my account is locked|I am locked out after {few} tries|it says that my user is blocked|I cannot get into my account since {day}]
the sign-in = [I cannot sign in with {email}|the login page sends me back each time|I cannot log in on my phone|the code for signing in never comes]
the new e-mail address = [please change my e-mail to {email}|my e-mail address is now {email}|I no longer use {email}]
the name on the account = [my name is spelled wrong in my profile, it should be {person}|I married and my last name is {last} now|my profile shows another person's name]
the closing of the account = [please delete my account|I want to close my profile {code}|remove my data and my user, please]
the strange sign-in = [somebody else signed in to my account|I see a login from {town} that was not me|I think that my account was hacked|a stranger changed my password]
the registration = [I cannot register|the sign-up form does not take my phone number|I made two accounts by mistake|how do I create a user for my son]
the newsletter settings = [I get your newsletter though I opted out|where do I switch off the messages in my settings|my settings are not saved]
the two-step code = [I have a new phone and the two-step codes are gone|the text message with the code does not reach {phone}|how do I turn on the second step at login]""",
    "a faulty thing": """
the broken {thing} = [my {thing} is broken|the {thing} stopped working after {few} days|the {thing} fell apart on {day}|the new {thing} does not switch on]
the smell of the {thing} = [the {thing} smells of smoke|there is smoke coming out of my {thing}|the {thing} gets very hot and smells burnt]
the noise of the {thing} = [the {thing} makes a loud noise|my {thing} rattles and squeaks|the {thing} hums all night]
the crack in the {thing} = [there is a crack in my {thing}|the {thing} has a scratch on the side|the handle of the {thing} came off|a screw of the {thing} is loose]
the leak of the {thing} = [the {thing} leaks|water drips out of the {thing}|the {thing} loses water]
the worn {thing} = [the colour of the {thing} faded in the first wash|the {thing} has a hole after {few} weeks|the seam of the {thing} tore]
the battery of the {thing} = [the battery of the {thing} lasts only {few} minutes|my {thing} does not charge|the {thing} turns itself off]""",
    "a question on how to use something": """
using the {thing} = [how do I use the {thing}|how do I clean the {thing}|how do I set up the {thing}|which way round does the {thing} go]
the size of the {thing} = [how big is the {thing}|does the {thing} fit on a shelf of {number} centimetres|which size of {thing} do I need|how much does the {thing} weigh]
the manual of the {thing} = [I lost the manual of my {thing}|is there a guide for the {thing}|the instructions of the {thing} are in French]
the parts of the {thing} = [where do I get a spare part for my {thing}|does the {thing} work with a {thing2}|do you sell a cover for the {thing}]
the colours of the {thing} = [does the {thing} come in {colour}|do you have the {thing} in {colour} or {colour2}|is the {thing} made of {material} or metal]
the guarantee of the {thing} = [how long is the guarantee on the {thing}|is my {thing} still under warranty]
the stock = [do you still have a {item} in stock|when will {things} be back in the shop]""",
    "praise": """
the kind words = [I just want to say that {name} was very helpful|your team at the {place} is wonderful|thank you for the lovely {thing}|the {thing} is perfect and I tell everyone|what a friendly shop]
the good service = [great service at the {place}|everything came on time and well packed|{name} helped me to choose a {item} and I am happy|best {food} in {town}]""",
    "a complaint about the staff": """
the rude answer = [the man at the counter was rude to me|{name} at the {place} would not listen|nobody said hello and I waited for {number} minutes|the lady on the phone hung up on me]
the long wait = [I waited in line for {number} minutes|nobody answers the telephone|I wrote {few} times and got no answer]""",
    "opening hours": """
the opening hours = [when do you open on {day}|is the {place} open on {day}|until when is the {place} open|are you closed in {month}|do you open before {time}]
the holidays = [are you open on {date}|is the {place} closed over the holidays]""",
    "a booking": """
the room = [I would like to book a room for {few} people on {day}|is the big room free on {date}|please book the reading room at {time} for me|we need a room with {few} tables]
the table = [a table for {few} on {day} at {time}, please|can we sit outside on {day}|I want to reserve a table under the name {last}]
the change of booking = [can I move my booking from {day} to {day2}|please cancel the room on {date}|we will be {few} people instead of {few2}]
the tickets = [I would like {few} tickets for {day}|are there seats left at the {place} on {date}|I booked two seats and got one]""",
    "a job": """
the job = [do you have a job for a {job}|I am a {job} and I look for work|I would like to work at the {place} on weekends|are you hiring in {month}]
the application = [did you get my application as a {job}|I sent my papers on {day}|when do I hear about the post as {job}]""",
    "a lost thing": """
the lost {thing} = [I left my {thing} at the {place}|did anybody find a {colour} {thing}|my {thing} was lost on {day} near the {place}|I think that I forgot my {thing} in your shop]""",
    "a book": """
the library book = [I would like to keep my book for {few} more days|is the book about {plant}s back|I lost a book from the library|do you have a book about {hobby}]
the library card = [my library card is lost|how do I get a library card|my library card has run out]""",
    "a bicycle": """
the bicycle repair = [my bicycle has a flat tyre|the brakes of my bike squeak|the chain of my bike jumps|can you look at my {colour} bicycle on {day}|how much is a new wheel for a bike]
the rented bicycle = [I would like to rent {few} bicycles on {day}|may I bring the rented bike back at {time}]""",
    "food": """
the food = [the {food} was cold|is there {food} in the {dish}|can you make {dish} without {food}|I would like the recipe of your {dish}|my {dish} was too salty|do you have something without {food}]
the cake = [I want to order a cake with {food} for {day}|can you write {name} on the cake]""",
    "an event": """
the event = [when does the {hobby} evening start|is the market on {day}|what does the festival in {month} cost|may children come to the {hobby} day|who plays at the concert on {date}]
the idea = [I have an idea for a {hobby} club|could you put more benches at the {place}|it would be nice to have {things} at the {place}]""",
    "the weather": """
the weather = [will it be {weather} on {day}|how cold was it in {town} in {month}|is a storm coming on {day}|do I need an umbrella in {town}]""",
    "travel": """
the train = [my train to {town} was {number} minutes late|when does the train to {town} leave|which bus goes to the {place}|is there a ferry to {town} on {day}|I missed the last bus to {town}]
the way = [how do I get to the {place}|how far is it from {town} to {town2}|is there a place to park near the {place}]""",
    "a pet": """
the {animal} = [my {animal} does not eat|I found a {animal} on {street}|may I bring my {animal} to the {place}|what does a {animal} eat]""",
    "a plant": """
the {plant} = [the leaves of my {plant} are brown|how often do I water a {plant}|where should a {plant} stand|my {plant} does not grow]""",
    "school": """
the lesson = [when is the {subject} lesson|my child is ill and cannot come on {day}|who teaches {subject}|my daughter forgot her {thing} at school|is there homework in {subject} for {day}]""",
    "health": """
the appointment = [I have a cold and a sore throat|I would like to see the doctor on {day}|my tooth hurts since {day}|can I move my appointment to {time}|my back hurts when I lift {things}]""",
    "a gift": """
the gift = [what can I give to a {job} who likes {hobby}|do you wrap gifts|I need a present for my sister for {price}|do you sell gift cards]""",
    "a neighbour": """
the noise next door = [my neighbour plays the {thing} at night|the dog next door barks all day|the people upstairs are loud|somebody parks in front of my door]""",
}  # fmt: skip

# Who sees to it, for the topics where somebody does.
KEEPERS = {
    "a payment": "the people who look after the money", "a delivery": "the people who drive the parcels",
    "an account": "the people who look after the sign-ins", "a faulty thing": "the people in the workshop",
    "a question on how to use something": "the people who know the goods", "a booking": "the people who keep the room book",
    "a bicycle": "the bicycle shop", "a book": "the library", "a job": "the office of the town hall", "food": "the kitchen",
    "a lost thing": "the lost property desk", "school": "the school office", "health": "the doctor's office",
    "travel": "the station master", "a plant": "the garden centre", "a pet": "the vet", "an event": "the community centre",
}  # fmt: skip

OPENINGS = (
    "[Hello|Hi|Good morning|Good evening|Good day|Dear team|Dear all|Hello there|Hey|Excuse me|Quick question|One thing]{mark}",
    "[Hello|Hi|Good morning|Good evening|Good day|Dear team]{mark}", "[Sorry to bother you|I hope you are well].",
    "[This is|My name is] {person}.", "It is me again, {name}.", "[I write from|I am a customer from] {town}.",
    "[I bought something from you on {day}|I have been a customer for {few} years].", "I am writing about order {code}.",
    "[Hello|Hi|Good day], [this is|my name is|I am] {person}.", "[A short note|A word] from {street}.",
)  # fmt: skip

URGENT = """[Please help today|Please answer today|I need this by tonight|It is very urgent|Please hurry|Please act at once|I need it before {time} today|
I leave tomorrow morning|This is an emergency|I cannot wait any longer|It has to be solved right now|We open in an hour and need it|
My boss needs it this afternoon|This is dangerous, please call me at once|It must be done as soon as possible|Somebody could get hurt]""".replace(
    "\n", ""
)
RELAXED = """[There is no hurry|Take your time|Whenever you have a moment|It can wait|It is not urgent|Any day is fine|No rush at all|
Next week is early enough|I am just curious|Just for my information|Only if you have time|It does not matter when|
Answer when it suits you|It is a small thing|I only wondered]""".replace("\n", "")
EXTRAS = """[My order number is {code}|The number is {code}|You can reach me at {email}|My phone number is {phone}|I bought it on {date}|
I wrote to you on {day} already|I paid {price}|I live at {number} {street}|It was a gift for {name}|I asked {name} about it|
My {thing} is fine, by the way|It happened on {day}|I was at the {place} then|I am at home until {time}]""".replace(
    "\n", ""
)
CLOSINGS = """[Thanks|Thank you|Many thanks|Best wishes|Kind regards|Regards|Yours|Bye|Thank you, {name}|Best, {person}|Greetings from {town}|{name}|
Thanks in advance|What can you do|Can you help|Please let me know]""".replace("\n", "")
MOODS = {
    "annoyed": "[I am quite annoyed|This is really annoying|I am not happy about it|I am angry|That is not good enough]",
    "worried": "[I am worried|I am a bit nervous about it|I do not know what to do|I am afraid that it gets worse]",
    "friendly": "[You are always so kind|I like your shop a lot|I know that you are busy|Your shop is lovely]",
}
