"""Phones: telephone numbers in the forms that people write, told from order numbers, dates and amounts."""

import re

from studio.data.checks.places import Span

_GAP = r"[ \u00a0\u2011.()/-]"
# Country codes of the ITU (E.164), North America apart.
_COUNTRY = (
    r"(?:7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689][0-9]|3[578][0-9]|42[0-9]|50[0-9]|59[0-9]|67[0-9]|68[0-9]|69[0-2]|80[08]|85[0-9]|88[0-9]|9[679][0-9])"
)
_ABROAD = rf"(?:1{_GAP}{{0,3}}[2-9](?:{_GAP}{{0,3}}[0-9]){{9}}|{_COUNTRY}(?:{_GAP}{{0,3}}[0-9]){{7,12}})(?![0-9])"

_WITH_PLUS = re.compile(rf"(?<![\w+])\+{_ABROAD}")
_FREE = r"(?<![\w.,/+-])(?<![0-9] )"
_JOIN = "(?: ?[/–-] ?| )"
_NUMBER_ENDS = r"(?!(?!(?:ext|x) ?[0-9])\w|[.,/ -]?[0-9])"
# These look like other numbers too, so the word before them decides.
_NATIONAL = (
    re.compile(rf"(?<![\w.,+-])00{_ABROAD}"),
    # 030 901820, 020 7946 0958, (0221) 123-456, 0171/1234567
    re.compile(_FREE + r"\(?0[1-9][0-9]{0,4}\)?" + _JOIN + "[0-9]{2,8}(?:" + _JOIN + "[0-9]{1,5}){0,4}" + _NUMBER_ENDS),
    # 01 23 45 67 89
    re.compile(_FREE + r"0[1-9](?:[. ][0-9]{2}){4}" + _NUMBER_ENDS),
    # 01711234567, 07700900123, 0612345678
    re.compile(_FREE + r"0(?:1[567][0-9]{8,9}|7[0-9]{9}|[67][0-9]{8})" + _NUMBER_ENDS),
    # 8 (912) 345-67-89, 8 912 345-67-89 (Russia)
    re.compile(_FREE + r"8[ -]?\(?[3-9][0-9]{2}\)?[ -][0-9]{3}-[0-9]{2}-[0-9]{2}" + _NUMBER_ENDS),
    # (21) 98765-4321 (Brazil)
    re.compile(_FREE + r"\([1-9][1-9]\) ?9?[0-9]{4}-[0-9]{4}" + _NUMBER_ENDS),
    # 13812345678, 138 1234 5678 (China)
    re.compile(_FREE + r"1[3-9][0-9](?:[0-9]{8}|([ -])[0-9]{4}\1[0-9]{4})(?<!0000)" + _NUMBER_ENDS),
    # 98765 43210 (India)
    re.compile(_FREE + r"[6-9][0-9]{4}[ -][0-9]{5}(?<!000)" + _NUMBER_ENDS),
    # 612 34 56 78 (Spain), 612-345-678 (Spain, Poland)
    re.compile(_FREE + r"(?:[6-9][0-9]{2}(?: [0-9]{2}){3}|[5-7][0-9]{2}-[0-9]{3}-[0-9]{3})" + _NUMBER_ENDS),
    # 212-555-0143, (212) 555-0143, 1-800-555-0199
    re.compile(_FREE + r"(?:1[-. /\u2011–])?(?:\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}[-./\u2011–])[0-9]{3}[-. \u2011–]"
               r"[0-9]{4}" + _NUMBER_ENDS),
    # 212 555 0143, 1 212 555 0143; an amount ends in three digits
    re.compile(_FREE + r"(?:1 )?[2-9][0-9]{2} [2-9][0-9]{2} [0-9]{4}" + _NUMBER_ENDS),
    # 347 1234567, 347-1234567, 347 123 4567 (Italy, mobile)
    re.compile(_FREE + r"3[2-9][0-9](?:[ /.-][0-9]{7}|[ -][0-9]{3}[ -][0-9]{4}|[ -][0-9]{2}[ -][0-9]{2}[ -][0-9]{3})"
               + _NUMBER_ENDS),
    # 91 123 45 67 (Spain)
    re.compile(_FREE + r"9[1-8] [0-9]{3} [0-9]{2} [0-9]{2}" + _NUMBER_ENDS),
)  # fmt: skip
# These look like amounts and ids, so that it takes talk of a telephone close by, or a list of somebody's details.
_GROUPED = re.compile(
    _FREE + r"(?:[6-9][0-9]{2}([ .])[0-9]{3}\1[0-9]{3}|3[2-9][0-9] [0-9]{3} [0-9]{3,4})(?<!00)" + _NUMBER_ENDS
)
_PLAIN = re.compile(
    _FREE + r"(?:0[1-9][0-9]{7,9}|[2-9][0-9]{2}[2-9][0-9]{6}|[67][0-9]{8}|3[2-9][0-9]{7,8})" + _NUMBER_ENDS
)
_TALK = re.compile(
    r"(?<!\w)(?:tel\b|tele?(?:ph|f)on|tél|phones?\b|fono?\b|whatsapp|sms\b|m[oó]vil\b|mobile?\b|cell(?:phone|ulare?|[.:])"
    r"|(?:handy|portable)\s*[:0-9]|handynummer|contact|kontakt|contatt|llam(?:a|ar|e)\b|llám|marque\b|chiam|erreich|anruf"
    r"|ruf(?:en|t)?\b|appele[rz]|joindre|joign|zadzwoń|ligue\b|ligar\b|звон|apunta|mi número|il mio numero|my number"
    r"|meine nummer|mon numéro|(?:call|ring|reach|dial|text)(?: \w+)?(?= (?:at|on|under)\b|:|\s+[0-9+(]))"
    r"|📞|☎|电话|手机|電話|携帯",
    re.IGNORECASE,
)
_DETAILS = re.compile(r"(?:^|[\n(|;]|,)[ \t]*$")
_UNIT = re.compile(
    r"\s?(?:[€$£¥%°]|(?:eur|usd|gbp|chf|pln|zł|euros?|d[oó]l+ar\w*|people|persons?|inhabitants|habitantes|abitanti|einwohner"
    r"|units?|pieces|stück|rows?|bytes?|k?m\b|k?g\b|tons?|tonnes?|million\w*|unidades|pezzi)\b)",
    re.IGNORECASE,
)
_CURRENCY_BEFORE = re.compile(r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|PLN))\s?$")
_NAMED = re.compile(
    r"(?<!\w)(?:(?:tel|tele?(?:phone|fone?|fono)|téléphone|teléfono|phone|cell(?:phone)?|mobile|mobil|móvil|handy|whatsapp"
    r"|portable|telefax|fax|hotline|celular|cellulare|telefonu?|телефон|тел|电话|電話|手机|手機|携帯)(?:\s?(?:number|nummer|nr|no|numéro))?"
    r"|(?:call|ring|text|reach)(?: me| us)?(?= (?:at|on)\b))"
    rf"[\s.:]{{0,4}}(?:(?:is|ist|est|es|at|on)\b)?[\s:]{{0,3}}(\(?[0-9](?:{_GAP}{{0,2}}[0-9]){{6,13}})" + _NUMBER_ENDS,
    re.IGNORECASE,
)

_ORDER_BEFORE = re.compile(
    r"(?:#\s?|(?<!\w)(?:order|invoice|ticket|reference|ref|serial|sku|article|item|tracking|parcel|bestell\w*|rechnung\w*"
    r"|auftrag\w*|artikel\w*|kunden\w*|sendung\w*|konto\w*|vertrag\w*|commande|facture|pedido|factura|case|id|isbn|version"
    r"|account|customer|model|part|booking|policy|contract)"
    r"(?:[\s.:-]*(?:number|no|nr|nummer|num|n°|numéro|número|code|id|is|ist|lautet|de))*[\s.:(-]*)$",
    re.IGNORECASE,
)
_DATE = re.compile(r"\(?(?:[0-9]{1,2}[/. -]+[0-9]{1,2}[/. -]+(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[/.-][0-9]{1,2}[/.-])")
_AMOUNT = re.compile(r"\+[0-9]{1,3}(?:[ .\u00a0]?[0-9]{3})*(?:[ .\u00a0]?000){2}")
_US_POSTCODE = re.compile(r"[0-9]{5}-[0-9]{4}")
_BEFORE, _AROUND = 40, 60  # characters that are read for the word before a number, and for talk of telephones


def phones(text: str) -> list[Span]:
    """Telephone numbers: with a country code, in common national forms, or after a word such as “phone”."""
    found = [_made(*match.span()) for match in _WITH_PLUS.finditer(text) if not _AMOUNT.fullmatch(match[0])]
    found += [_made(*match.span(1)) for match in _NAMED.finditer(text) if not _DATE.match(match[1])]
    for form in _NATIONAL:
        found += [_made(*match.span()) for match in form.finditer(text) if _is_national(match[0]) and _is_free(match)]
    for form in (_GROUPED, _PLAIN):
        found += [_made(*match.span()) for match in form.finditer(text) if _is_free(match) and _is_told(match)]
    return _separate(found)


def _is_free(match: re.Match[str]) -> bool:
    """Whether no word before it says that it is the number of something else."""
    return not _ORDER_BEFORE.search(match.string[max(0, match.start() - _BEFORE) : match.start()])


def _is_told(match: re.Match[str]) -> bool:
    """Whether what stands around it says that it is a telephone number."""
    text, (start, end) = match.string, match.span()
    before = text[max(0, start - _AROUND) : start]
    if _UNIT.match(text, end) or _CURRENCY_BEFORE.search(before):
        return False
    is_detail = match.re is _GROUPED and _DETAILS.search(before) is not None
    return is_detail or _TALK.search(before) is not None or _TALK.search(text[end : end + _AROUND // 2]) is not None


def _is_national(written: str) -> bool:
    """Whether it has as many digits as a telephone number, and is no date and no postcode."""
    digits = sum(character.isdigit() for character in written)
    fits = 9 <= digits <= 12 or written.startswith("00")
    return fits and not _DATE.match(written) and not _US_POSTCODE.fullmatch(written)


def _made(start: int, end: int) -> Span:
    return Span(start, end, "phone number", "[PHONE]")


def _separate(found: list[Span]) -> list[Span]:
    """Without those that share characters with an earlier one; the longer of two at one place stays."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept
