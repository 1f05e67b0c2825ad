"""Values: hostile names and ids, cases 100 and 101."""

TEXTS: dict[str, str] = {
    "10,000 letters": "x" * 10_000,
    "only spaces": "   ",
    "nothing": "",
    "SQL": "'; DROP TABLE runs;--",
    "patterns": "%_*",
    "a tag": "<img src=x onerror=alert(1)>",
    "a picture that tells": "![](http://evil.example/x)",
    "from right to left": "\u202efdp.exe",
    "a NUL": "a\0b",
    "half a character": "a\ud800b",
    "marks upon marks": "a" + "\u0301" * 500,
    "other line ends": "a\r\nb\u2028c\x1b[31m",
    "a formula": '=HYPERLINK("http://evil.example","x")',
    "a template": "{{7*7}}{% include '/etc/passwd' %}",
}
IDS: dict[str, str] = {
    "above": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "a number": "9" * 30,
    "negative": "-1",
    "any": "%",
    "a party": "🎉",
    "5,000 letters": "data-" + "x" * 5000,
    "SQL": "data-' OR 1=1 --",
}
