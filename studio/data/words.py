"""Words: what is a word of a text, in any script, and which words change what it says."""

import re
from collections.abc import Iterable

from studio.data.normalising import normalised

# Scripts written without spaces, where a character is a token: Thai to Tibetan, Burmese, Khmer, kana, Han.
_SPACELESS = "\u0e00-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACELESS_NOT = "ません|なかった|ない|ไม่"
_RAISED = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u218b\u2460-\u24ff"
_SIGNS = r"+*/\\%^=<>&|~#@$!\[{¢-¥¬°±×÷\u20a0-\u20cf\u2190-\u22ff\u27c0-\u2bff" + _RAISED
_NO_WORD = (
    r"\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\xbf×÷\u2000-\u25ff\u27c0-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3006\u3008-\u303f"
)
_WORD = f"[^{_NO_WORD}{_SPACELESS}]+"
# The space before a token goes first: where none begins, all that a token can be would be tried in vain.
_TOKEN = re.compile(
    rf" ?({_WORD}(?:(?:'|(?<=\d)[.,:](?=\d)){_WORD})*(?:\+\+|\#)?"
    rf"|{_SPACELESS_NOT}|[{_SPACELESS}]|[{_SIGNS}]"
    r"|(?<![^\W\d_]{2})-|-(?![^\W\d_]{2})|[–—](?=\s?\d)"  # a minus, not the hyphen of well-known
    r"|(?<=\S):(?=\S)|(?<![\w.])\.(?=\w)"  # x[1:] is not x[:1], .5 is not 5
    r"|(?<=[a-z0-9_])\(|\((?=[^()]{0,40}[\d+*/^=<>%])|[)\]}](?=\s*[-+*/^=<>%\d(])"  # f(x), and brackets of a formula
    r")"
)
_SIGN = re.compile(rf"[{_SIGNS}\-–—:.()\]}}]")
_PLAIN_SPACELESS = re.compile(rf"(?:[{_SPACELESS}])+")

# One of these more or less, and a text says something else. Contractions (n't, French n') are told by their form.
_MEANING = frozenset(
    (
        "not no nor never none neither nobody nothing without cannot true false "
        "nicht nichts kein keine keinen keinem keiner keines nie niemals ohne "
        "pas ne jamais sans aucun aucune non nunca sin ningún ninguna ni mai senza não sem "
        "niet geen nooit zonder не нет ни без никогда nie bez nigdy ikke inte ingen aldrig değil لا لم لن ليس "
        "不 没 沒 无 無 未 非 别 別 勿 ません なかった ない ไม่ 안 못 "
        "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million "
        "usd eur gbp jpy cny rmb chf inr dollar dollars euro euros pound pounds yen yuan rupee rupees franc francs 元"
    ).split()
)
PLAIN, COUNTS, COUNTS_IN_PLACE = 0, 1, 2


def tokenised(text: str) -> list[str]:
    """Words, single characters of scripts without spaces, and the signs that change a meaning; the rest is dropped."""
    return words_of(normalised(text))


def words_of(normal: str) -> list[str]:
    """The same of a text that is normalised."""
    if normal.isascii() and normal.replace(" ", "").isalnum():
        return normal.split(" ")  # words alone, as in most prose
    return _TOKEN.findall(normal)


def changes_meaning(word: str) -> bool:
    """Whether one of these words more or less makes another statement: a number, a sign, a currency, a negation."""
    return role_of(word) != PLAIN


def role_of(word: str) -> int:
    """The part that a word plays: none, or it changes the meaning, a sign together with the words beside it."""
    if word.isascii() and word.isalnum():  # as most words are
        return PLAIN if word.isalpha() and word not in _MEANING else COUNTS
    if _SIGN.fullmatch(word):
        return COUNTS_IN_PLACE
    has_number = any(character.isnumeric() for character in word) and word != "一"  # 一 is as often an article
    is_name = word.endswith(("++", "#", "n't"))
    return COUNTS if has_number or is_name or word in _MEANING or word.startswith("n'") else PLAIN


def joined(words: Iterable[str]) -> str:
    """Words as a reader writes them: no spaces within Chinese, Japanese or Thai."""
    written: list[str] = []
    after_spaceless = True
    for word in words:
        is_spaceless = _PLAIN_SPACELESS.fullmatch(word) is not None
        written.append(word if not written or (after_spaceless and is_spaceless) else f" {word}")
        after_spaceless = is_spaceless
    return "".join(written)
