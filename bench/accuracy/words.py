"""Words: what docs/accuracy.md says around its tables."""

from studio.domain.finding import FindingKind

K = FindingKind

NAMES = {
    K.SECRET: "secrets",
    K.PERSONAL: "personal data",
    K.REFUSAL: "refusals",
    K.SELF_REFERENCE: "speaking as an AI",
    K.CUT_SHORT: "answers cut short",
    K.ONE_WORD: "one-word answers",
    K.FORMAT: "mixed format",
    K.LABELS: "labels written differently",
    K.LANGUAGE: "another language",
    K.ROLE_ORDER: "a turn inside a message",
    K.SPACES: "stray spaces",
    K.TOKENS: "signs of a chat format",
    K.PLACEHOLDER: "unfilled placeholders",
    K.EMPTY: "answers that say nothing",
    K.REPEATS: "answers that repeat the question",
}

SLIPS = {
    "case": "a word in capitals",
    "punct": "a word in quotes or brackets, or a comma more",
    "space": "other spaces",
    "swap": "two words changed places",
    "subst": "a word replaced",
    "drop": "a word left out",
    "affix": "a greeting or thanks added",
    "typo": "a word mistyped",
}

INTRODUCTION = """\
# How far the checks can be trusted

Everything that the checks look for is planted in made-up rows, beside as much that only looks like it; the studio
reads them as it reads any file, and what it says is compared with what was planted. Last written {date}: {rows} rows
with copies (60 % English business text, 15 % Chinese, 12.5 % code, 12.5 % mathematics) and {others} rows in other files
(English, ten more languages, JSON, Markdown, labels), Python {python}, numpy {numpy}, scipy {scipy}, {machine},
{generator} generator.

**Recall** is the share of planted cases that were found. **Precision** is the share of what was named that was planted;
it depends on how much there is to be mistaken for it, and here that is as much as there are true cases, which is more
than most files hold. A range behind a number says where it lies with 95 % certainty (Wilson), where it was counted on
fewer than 1,000 cases. A sentence that is filled in with other names is one way of writing; only ways count there.

Checks are settled on one generator, and the numbers come from another: other words, other sentences, another seed, and
other ways of writing numbers. Both were written by one hand, which also knows the checks. So take the numbers for what
they are: how the checks do on kinds of problems that were thought of. Your file has others.
One rule, of placeholders, was settled knowing how many held-out rows it named wrongly, but not which.
"""

NEAR = """\
## Near copies

Two rows are near copies if they share at least 70 % of their words (rare words count more) and have the same
numbers, signs, currencies and negations. Of each group the first row is kept, and every other one was compared
with that row itself. A copy counts as found whichever finding names it; two that contradict each other are told as a
contradiction.

"""

TWINS = """\
## Pairs that look like copies and are not

Two rows that are the same but for one sentence, and that sentence says something else:

"""

CONFLICTS = """\
## Contradictions

The same question (but for capitals, spaces and punctuation) with another answer:

"""

LEAKAGE = """\
## Leakage

A held-out row with a copy in training flatters the model, since it is asked what it has learned by heart. A fifth of
the same rows is held out here in three ways, and the rows with a planted copy of themselves in training are counted.
What is left inside template families are copies with a slip in one word, which cannot be told from other members.

"""

PASTED = {
    K.PERSONAL: """\
## Personal data

E-mail addresses, telephone numbers, cards, bank accounts, US social security numbers and internet addresses, in
sentences, signatures and tables. Numbers are made up, with right check digits. “Gone” means that masking left no five
letters or digits of it in a row. Names, street addresses and dates of birth are not looked for.

""",
    K.SECRET: """\
## Secrets

Keys and passwords made up on the spot in the shapes that vendors publish. A secret without a known shape, such as a
password of plain words, is not found.

""",
}

LANGUAGES = """\
## Refusals, and answers that speak as an AI

They are known by lists of sentences (`assets/checks/`), so they are found as far as somebody thought of the words. The
look-alikes are helpful answers with the same words: “I cannot recommend it enough”, characters in a story who refuse,
letters that decline, texts about language models.

"""

CASES = """\
## Answers that depart from the habits of their file

"""

LIMITS = """\
## What the checks cannot do

- **A refusal in other words than those of the lists is missed**, and so is a person’s phone number that looks like an
  amount (602 397 326) and has no word before it.
- **One changed word inside a template family cannot be told from a legitimate sibling.** “Write to Ada about
  the late order” and “Write to Bob about the late order” may be a slip or may be meant. Families of {family} rows and
  more are therefore shown with their pattern and never called copies, and in smaller ones two rows are no
  copies if a third has yet another word in the same place. What that costs stands in the tables above. A pair
  that differs in one name, with no third row beside it, is called a near copy.
- Where nearly all rows come from one template, its words count for nothing, and no family is shown; two rows are
  then near copies only if what fills the template agrees as well.
- One row copied with slips {family} times and more looks like a family, and is shown as one.
- The same thought in other words is not found: these checks compare words, not meaning.
- Texts of fewer than four words or signs are never called near copies; texts of about ten words are found less
  often than long ones, since one changed word is a large part of them.
- A number that was mistyped, a list written with other marks (`*` or `-`), “two” written as 2: these are
  treated as other content, because a sign or a number can change everything.
- A label with a typing slip is taken for a label of its own.
- Names of people, street addresses and dates of birth have no shape of their own and are not found; nor are passwords
  made of plain words.
- The language of fewer than 20 letters, of code and of lists of names is not told; Danish and Norwegian, Spanish and
  Galician and other close neighbours are not told apart.
- That the two answers of a preference pair are equal, swapped elsewhere or of a kind in length is compared exactly, and
  the mix of languages is only counted; neither is measured here.
- Abuse is searched with a short list of words. Whether a word was meant as abuse cannot be told, so it is not measured.
"""

REPRODUCE = """\
## How to reproduce

`make bench-data` writes this page anew, in about five minutes on two cores. `make bench-data ARGS='--rows 5000'`
prints a smaller version in seconds, and `ARGS='--tuning --show refusal'` what was missed of the rows that checks may
be settled with. The generators are in `bench/accuracy/`: `worlds/` and `text/` hold what they write,
`copies.py`, `cases.py` and `files.py` what is planted.
"""
