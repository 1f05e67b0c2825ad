"""The guide for operators tells of roles what the code does."""

import re
from pathlib import Path

from studio.domain.access import RIGHTS, Right, Role


def test_the_table_of_roles_is_what_the_code_does(root: Path):
    text = (root / "docs" / "access.md").read_text()
    table = text.partition("<!-- roles")[2].partition("<!-- end -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    assert rows[0] == ["role", *Right]
    told = {row[0]: {right for right, cell in zip(Right, row[1:], strict=True) if cell == "yes"} for row in rows[2:]}
    assert told == {str(role): set(RIGHTS[role]) for role in Role}
    for right in Right:
        assert re.search(rf"^- \*\*{right}\*\*: ", text, re.MULTILINE)
