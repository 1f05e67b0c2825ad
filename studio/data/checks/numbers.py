"""Numbers: bank accounts, payment cards and US social security numbers, told from others by their check digits."""

import re

from studio.data.checks.places import Span

# Looked at ahead, because capitals that follow a number may be taken for a part of it.
_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}))[A-Z]")
# Length of an account number by country (SWIFT's IBAN registry).
_IBAN_LENGTHS = {
    part[:2]: int(part[2:])
    for part in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
        "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    ).split()
}
_CARD = re.compile(
    r"(?<![\w.-])(?:[2-6][0-9]{12,18}|[2-6][0-9]{3}(?:([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}|([ -])[0-9]{6}\2[0-9]{4,5}))"
    r"(?!\w|[.-][0-9])"
)
# First digits and lengths of Visa, Mastercard, American Express, Discover, JCB, Diners Club and UnionPay.
_ISSUER = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]+"
    r"|3[47][0-9]{13}|(?:6011|64[4-9]|65)[0-9]+|35(?:2[89]|[3-8][0-9])[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}"
    r"|62[0-9]{14,17}"
)
_SIXTEEN = re.compile(r"[2-6][0-9]{15}")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")


def accounts(text: str) -> list[Span]:
    """Bank account numbers (IBAN): a known country, its length, and the check digits of ISO 7064 (modulo 97)."""
    made = []
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[1][:2])
        end = _end_after(match[1], length) if length else 0
        whole = match.start() + end
        if end and not text[whole : whole + 1].isalnum() and _is_account(match[1][:end]):
            made.append(Span(match.start(), whole, "bank account number (IBAN)", "[IBAN]"))
    return made


def cards(text: str) -> list[Span]:
    """Payment card numbers: the first digits of a known issuer, and a right check digit (ISO 7812, Luhn)."""
    return [
        Span(*match.span(), "card number", "[CARD]")
        for match in _CARD.finditer(text)
        if _is_card(match[0].replace(" ", "").replace("-", ""))
    ]


def social_security_numbers(text: str) -> list[Span]:
    """US social security numbers in their written form 123-45-6789, without the ranges that are never given."""
    return [Span(*match.span(), "US social security number", "[SSN]") for match in _SSN.finditer(text)]


def _end_after(text: str, count: int) -> int:
    """The place after `count` letters and digits, or 0 where there are fewer."""
    seen = 0
    for place, character in enumerate(text, start=1):
        seen += character.isalnum()
        if seen == count:
            return place
    return 0


def _is_account(written: str) -> bool:
    plain = written.replace(" ", "").replace("-", "")
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def _is_barcode(digits: str) -> bool:
    """An article number (EAN-13); cards of so few digits are long out of use."""
    return len(digits) == 13 and (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


def _is_card(digits: str) -> bool:
    if not _ISSUER.fullmatch(digits) or len(set(digits)) == 1 or _is_barcode(digits):
        return False
    if digits[0] in "256" and not digits.startswith("62") and not _SIXTEEN.fullmatch(digits):
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10 == 0
