"""Advising: a judge's opinion in plain words, from what asking it would do to how far it is to be trusted."""

import re
from collections.abc import Collection, Iterator, Sequence

from studio.domain.asking import instructions, material
from studio.domain.judge import Judge, LocalJudge
from studio.domain.opinion import Alike, Announcement, Graded, OpinionTally, Order, TwoAnswers
from studio.verdict.opinion import ENOUGH_PAIRS
from studio.verdict.wording import count, of

ADVICE = "A judge advises: it never turns the verdict, which rests on people alone."
MOST_FAILED = 0.2  # of the replies: with more, what is left is no fair sample of the pairs
BEHIND_PEOPLE = 0.1  # by how much less alike than two people a judge may be
LEAST_ALPHA = 0.2
LEAST_CONSISTENT = 0.7
USUAL_REPLY = 150  # tokens, and at most:
LONGEST_REPLY = 1500
BYTES_A_TOKEN = 4
FAMILIES = (
    "claude deepseek falcon gemma gemini glm gpt granite grok internlm kimi llama minicpm mistral mixtral nemotron "
    "olmo phi qwen smollm yi"
).split()  # fmt: skip


def announce(
    judge: Judge,
    pairs: Sequence[TwoAnswers],
    *,
    question: str,
    base: str,
    known: Collection[tuple[str, Order]] = frozenset(),
) -> Announcement:
    """What asking this judge would do: how much, where to, what it costs. `base` is the model under judgement.

    `known` are the questions that it has answered already, which are not asked again.
    """
    fixed = len(instructions().encode())
    left = [(pair, order) for pair in pairs for order in Order if (pair.pair, order) not in known]
    read = sum(fixed + len(material(pair, order, question=question).encode()) for pair, order in left)
    requests, tokens = len(left), round(read / BYTES_A_TOKEN)
    pairs = list({pair.pair: pair for pair, _ in left}.values())
    usual, most = requests * USUAL_REPLY, requests * LONGEST_REPLY
    costs = _cost(judge, tokens, usual), _cost(judge, tokens, most)
    cost = None if costs[0] is None or costs[1] is None else (costs[0], costs[1])
    return Announcement(
        judge=judge.title,
        requests=requests,
        tokens_in=tokens,
        tokens_out=usual,
        most_tokens_out=most,
        leaves_to="" if isinstance(judge, LocalJudge) or judge.is_here else judge.host,
        sentences=tuple(_announced(judge, pairs, requests, tokens, usual, cost)),
        warnings=tuple(_warnings(judge, base)),
        cost=cost,
    )


def outcome_sentence(tally: OpinionTally) -> str:
    """What the judge said of the pairs, with all that it could not say."""
    if not tally.whole:
        return f"None of the {count(tally.pairs, 'pair')} has an opinion that can be read."
    preferred = tally.tuned + tally.other
    said = "The judge preferred neither model in any pair"
    if preferred:
        said = f"The judge preferred the fine-tuned model in {of(tally.tuned, preferred)} pairs with a preference"
    equal = [f"{tally.tie} equally good"] if tally.tie else []
    equal += [f"{tally.both_bad} bad on both sides"] if tally.both_bad else []
    called = f"; it called {' and '.join(equal)}" if equal else ""
    failed = f" {count(tally.failed, 'pair')} could not be judged." if tally.failed else ""
    waiting = f" {count(tally.waiting, 'pair')} wait to be asked." if tally.waiting else ""
    return f"{said}{called}.{failed}{waiting}"


def order_sentence(tally: OpinionTally) -> str:
    """Whether the order of the answers made a difference; empty where nothing can be said."""
    if tally.consistency is None:
        return ""
    said = f"In {of(tally.whole - tally.disagreed, tally.whole)} pairs it said the same in both orders"
    lost = "; where it did not, the pair counts as equally good" if tally.disagreed else ""
    first, second = tally.sides
    leaning = f" With a preference it chose what stood first {first:,} times and what stood second {second:,} times."
    return f"{said}{lost}.{leaning if first + second else ''}"


def failure_lines(tally: OpinionTally) -> tuple[str, ...]:
    """Every kind of failed reply with its number, the most frequent first."""
    return tuple(f"{number:,} × {failure.words}" for failure, number in tally.failures)


def graded_sentence(graded: Graded) -> str:
    """One criterion: both means, and whether the difference can be luck."""
    means = f"{graded.title}: {graded.tuned_mean:.1f} for the fine-tuned model, {graded.other_mean:.1f} for the other"
    if graded.low is None or graded.high is None:
        return f"{means}; too few pairs to say more."
    if graded.low > 0 or graded.high < 0:
        return f"{means}; the difference is more than luck would give."
    return f"{means}; the difference can be luck."


def alike_sentence(alike: Alike) -> str:
    """How far the judge says what people said, and what two people manage."""
    if not alike.prompts:
        return "People rated none of the pairs that the judge judged, so nobody knows how far it says what they would."
    mine = f"The judge said what a person said in {of(alike.same, alike.prompts)} pairs"
    if not alike.people:
        return f"{mine}. No two people rated the same pair, so it is not known how often people agree here."
    return f"{mine}; two people said the same in {of(alike.people_same, alike.people)}."


def reliability_sentence(tally: OpinionTally, alike: Alike) -> str:
    """Whether to listen to this judge here: the first thing that speaks against it, or what speaks for it."""
    return next(_objections(tally, alike), None) or (
        "It says about what people say here, as far as these figures can tell."
        if alike.people
        else "Nothing in these figures speaks against it; that people agree with each other is not measured here."
    )


def is_reliable(tally: OpinionTally, alike: Alike) -> bool:
    """Whether nothing speaks against this judge here."""
    return next(_objections(tally, alike), None) is None


def _objections(tally: OpinionTally, alike: Alike) -> Iterator[str]:
    if tally.replies and tally.failed_replies > MOST_FAILED * tally.replies:
        failed = of(tally.failed_replies, tally.replies)
        yield f"This judge cannot be used here: {failed} replies could not be read. Choose a larger model."
    if alike.prompts < ENOUGH_PAIRS:
        yield f"Too few pairs were judged by it and by people ({alike.prompts}) to say whether to believe it."
    if tally.consistency is not None and tally.consistency < LEAST_CONSISTENT:
        yield "Unreliable for this task: what it says depends on which answer stands first."
    if _is_behind(alike):
        yield "Unreliable for this task: it agrees with people less often than they agree with each other."
    if alike.alpha is not None and alike.alpha < LEAST_ALPHA:
        yield "Unreliable for this task: it agrees with people hardly more often than chance would."


def _is_behind(alike: Alike) -> bool:
    if alike.share is None or alike.people_share is None or alike.people < ENOUGH_PAIRS:
        return False
    return alike.share < alike.people_share - BEHIND_PEOPLE - 1e-9


def _announced(
    judge: Judge, pairs: Sequence[TwoAnswers], requests: int, tokens: int, usual: int, cost: tuple[float, float] | None
) -> Iterator[str]:
    if not requests:
        yield f"Nothing is left to ask {judge.title}."
        return
    orders = "each in both orders" if requests == 2 * len(pairs) else "where it gave no reply in one order or both"
    yield f"{judge.title} is asked {count(requests, 'time')}: {count(len(pairs), 'pair')}, {orders}."
    with_reference = any(pair.reference for pair in pairs)
    texts = f"the prompts, both answers{' and the answers of your rows' if with_reference else ''}"
    if isinstance(judge, LocalJudge):
        yield "Nothing leaves this machine: the model runs here."
        return
    if judge.is_here:
        yield f"The texts go to a program on this machine ({judge.host}). What that passes on, the studio cannot see."
    else:
        yield f"To {judge.host} go {texts}. Nothing says which answer is whose, and no vote and no name goes along."
    if judge.may_see_key:
        yield f"The key in {judge.key_variable} goes along where one is set, and is kept nowhere."
    else:
        yield "The connection is not encrypted: others on the way can read the texts, so no key goes along."
    size = f"That is about {tokens:,} tokens to read and about {usual:,} to write"
    if cost is None:
        yield f"{size}. What it costs is not known: enter the prices per million tokens to see it."
    else:
        yield f"{size}: about {_money(cost[0])}, at most about {_money(cost[1])} in the currency of the prices."


def _warnings(judge: Judge, base: str) -> Iterator[str]:
    if family := _shared_family(judge.model, base):
        yield f"The judge is of the same family as the models under judgement ({family}): models favour their own kind."
    if isinstance(judge, LocalJudge):
        yield "Small models judge badly. What this one says is measured against the people, and that is shown."


def _shared_family(one: str, other: str) -> str:
    """The name that both models go by; a model is of its own family."""
    if one.strip().lower() == other.strip().lower():
        return one.strip()
    shared = [name for name in FAMILIES if _is_called(name, one) and _is_called(name, other)]
    return shared[0] if shared else ""


def _is_called(name: str, model: str) -> bool:
    """Whether a part of the model's name begins with it: Qwen3-8B is a qwen, graphite no phi."""
    return any(part.startswith(name) for part in re.split(r"[^a-z]+", model.lower()))


def _cost(judge: Judge, read: int, written: int) -> float | None:
    if isinstance(judge, LocalJudge) or judge.price_in is None or judge.price_out is None:
        return None
    return (read * judge.price_in + written * judge.price_out) / 1e6


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 0.01 else "0.01"
