"""The generator that thresholds were never chosen with: clinics, factories and offices, in clauses that grow.

It shares no vocabulary and no sentence with the other one; sentences are built from phrases, not from frames.
"""

import random
import re

from bench.accuracy.copies import Topic, World

THINGS = (
    "policy claim premium employee contract payroll shift overtime pension vacancy interview candidate salary "
    "surgeon nurse patient ward vaccine dosage symptom therapy referral clinic laboratory microscope specimen "
    "engine turbine conveyor furnace welder alloy pipeline reactor sensor compressor technologist auditor "
    "regulator statute tribunal lawyer witness verdict mortgage lender deposit tenant landlord surveyor architect "
    "blueprint scaffold concrete timber orchard harvest tractor irrigation fertiliser livestock veterinarian "
    "expedition glacier satellite telescope orbit hypothesis experiment professor lecture syllabus tuition "
    "scholarship dormitory orchestra violin rehearsal gallery sculpture manuscript archive museum treaty embassy "
    "passport consul ferry harbour lighthouse anchor cargo runway pilot altitude turbulence luggage itinerary"
).split()
KINDS = (
    "annual chronic acute legal medical industrial rural coastal polar ancient fragile rigid hollow molten sterile "
    "toxic fertile barren lucrative modest prudent reckless sincere stubborn generous anonymous tentative "
    "mandatory voluntary obsolete redundant eligible liable solvent bankrupt dormant vivid gloomy serene hectic "
    "remote adjacent vertical lateral rotating"
).split()
ACTIONS = (
    "examined audited insured diagnosed treated vaccinated transferred promoted hired dismissed trained supervised "
    "inspected calibrated welded assembled dismantled excavated harvested irrigated fertilised navigated anchored "
    "translated published criticised praised debated ratified vetoed amended drafted enacted financed sponsored "
    "auctioned inherited donated borrowed mortgaged surveyed designed demolished refurbished catalogued rehearsed "
    "conducted composed painted sculpted observed"
).split()
MANNERS = (
    "promptly reluctantly thoroughly secretly annually jointly cautiously formally briefly eagerly silently publicly"
).split()
SETTINGS = (
    "during the winter",
    "after the merger",
    "before the hearing",
    "under the new rules",
    "near the border",
    "despite the strike",
)
LINKS = "while although whereas since unless until".split()
OPENERS = "Could you explain|I wonder|Kindly summarise|Describe|We need to understand|Is it clear".split("|")
ONSETS, VOWELS, CODAS = (
    "Br Cl D F Gw H K Lyn M Pr Sh St T V W Z".split(),
    "a e i o u ae ou".split(),
    "ck ll nd rt sk th x y".split(),
)

SUBJECTS = (
    "学生 老师 医生 护士 病人 医院 学校 课程 考试 作业 论文 图书 旅客 导游 酒店 航班 机场 火车 车站 护照 签证 行李 "
    "城市 农民 果园 小麦 蔬菜 天气 台风 河流 桥梁 工厂 机器 工人 工程 电力 法院 律师 证据 银行 贷款 股票 保险 博物 "
    "乐队 钢琴 演员 电影 画家 记者 新闻"
).split()
MANNERS_CHINESE = "认真 缓慢 勇敢 仔细 主动 偷偷 共同 积极 意外 反复 耐心 努力".split()
ACTS_CHINESE = (
    "治疗 研究 教导 参观 采访 批评 表扬 建造 翻译 出版 预订 延误 取代 种植 收割 浇灌 调查 起诉 投资 借用 演奏 拍摄 "
    "描写 报道 救助 训练 邀请 欢迎 观察 讨论 分析 推荐 保护 破坏 设计"
).split()
SCENES_CHINESE = "春天 冬季 去年 明年 放学以后 下雨的时候 会议期间 在北方 在海边 在乡下".split()
LINKS_CHINESE = (("虽然", "但是"), ("不仅", "而且"), ("只要", "便"), ("由于", "因此"), ("即使", "也"), ("与其", "倒是"))
SURNAMES, GIVEN = (
    "欧阳 司马 诸葛 上官 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭".split(),
    "思远雨桐子轩欣怡梓涵浩然若曦嘉懿晨阳诗琪",
)

TABLES = "invoices patients flights tenants sensors lectures harvests verdicts exhibits pilots shipments audits".split()
COLUMNS = "region status created_at severity balance altitude grade dosage owner_id revenue latency priority".split()


def world() -> World:
    word = re.compile(r"[A-Za-z]{3,}")
    english = THINGS + KINDS
    affixes = (
        ("Good morning,", "To whom it may concern:", "As discussed,"),
        ("Sincerely yours.", "Many regards.", "Do reply."),
    )
    chinese = Topic(
        "chinese", _chinese, re.compile("|".join(SUBJECTS + ACTS_CHINESE + MANNERS_CHINESE)), SUBJECTS, _chinese_name,
        (("您好！", "打扰一下，"), ("麻烦您了。", "期待回复。")), CHINESE_TWINS, gap="",
    )  # fmt: skip
    return World(
        seed=2026,
        topics=(
            (Topic("business", _business, word, english, _name, affixes, BUSINESS_TWINS), 0.6),
            (chinese, 0.15),
            (Topic("code", _code, word, english, _name, affixes, CODE_TWINS, gap="\n"), 0.125),
            (Topic("maths", _maths, word, english, _name, affixes, MATHS_TWINS), 0.125),
        ),
        labels=("approve", "reject", "escalate", "routing: legal", "routing: clinic", "spam"),
    )


BUSINESS_TWINS = (
    ("number", "The limit stands at NUMBER percent.", "The limit stands at NEXT percent."),
    ("currency", "The fee amounts to NUMBER euros.", "The fee amounts to NUMBER dollars."),
    ("negation", "They had permission to sign.", "They never had permission to sign."),
    ("number", "It opens at 10:NUMBER sharp.", "It opens at 11:NUMBER sharp."),
)
CHINESE_TWINS = (
    ("number", "全程NUMBER公里。", "全程NEXT公里。"),
    ("negation", "他们有证据。", "他们没有证据。"),
    ("number", "每班三位老师。", "每班五位老师。"),
)
CODE_TWINS = (
    ("operator", "if (a <= b) { stop(); }", "if (a >= b) { stop(); }"),
    ("operator", "const sum = a + b * c;", "const sum = (a + b) * c;"),
    ("C++ or C#", "// ported from C# by hand", "// ported from C++ by hand"),
    ("operator", "return x && y;", "return x || y;"),
    ("number", "const part = list[1:];", "const part = list[:1];"),
)
MATHS_TWINS = (
    ("operator", "Hence y = NUMBER - x.", "Hence y = x - NUMBER."),
    ("number", "Therefore z ≤ NUMBER.5 holds.", "Therefore z ≤ NUMBER,5 holds."),
    ("operator", "Therefore z < NUMBER holds.", "Therefore z > NUMBER holds."),
    ("number", "We obtain ½ of it.", "We obtain ¼ of it."),
)


def _name(draw: random.Random) -> str:
    return (
        draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS) + draw.choice(["", "er", "ington", "ova", "us"])
    )


def _chinese_name(draw: random.Random) -> str:
    return draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.randint(1, 2)))


def _thing(draw: random.Random, *, depth: int = 0) -> str:
    """A noun phrase that may hold another."""
    head = f"{draw.choice(['the', 'this', 'every', 'another'])} {draw.choice(THINGS)}"
    if draw.random() < 0.4:
        first, last = head.split()
        head = f"{first} {draw.choice(KINDS)} {last}"
    if depth < 2 and draw.random() < 0.3:
        return f"{head} {draw.choice(['of', 'behind', 'against', 'beyond'])} {_thing(draw, depth=depth + 1)}"
    if depth < 1 and draw.random() < 0.15:
        return f"{head}, which {_name(draw)} {draw.choice(ACTIONS)},"
    return head


def _clause(draw: random.Random) -> str:
    subject = _name(draw) if draw.random() < 0.25 else _thing(draw)
    if draw.random() < 0.35:
        clause = f"{subject} had been {draw.choice(ACTIONS)} by {_thing(draw)}"
    else:
        manner = draw.choice(MANNERS) + " " if draw.random() < 0.4 else ""
        clause = f"{subject} {manner}{draw.choice(ACTIONS)} {_thing(draw)}"
    extra = draw.random()
    if extra < 0.2:
        return f"{clause} {draw.choice(SETTINGS)}"
    return f"{clause} in {draw.randint(1900, 2080)}" if extra < 0.27 else clause


def _sentence(draw: random.Random) -> str:
    made = _clause(draw)
    if draw.random() < 0.45:
        made = f"{made}, {draw.choice(LINKS)} {_clause(draw)}"
    return made[0].upper() + made[1:].rstrip(",") + "."


def _business(draw: random.Random) -> tuple[str, str]:
    asked = f"{draw.choice(OPENERS)} why {_clause(draw)}?"
    return asked, " ".join(_sentence(draw) for _ in range(draw.randint(2, 5)))


def _clause_chinese(draw: random.Random) -> str:
    subject = _chinese_name(draw) if draw.random() < 0.2 else draw.choice(SUBJECTS)
    manner = draw.choice(MANNERS_CHINESE) + "地" if draw.random() < 0.4 else ""
    deed, other = draw.choice(ACTS_CHINESE), draw.choice(SUBJECTS)
    return draw.choice(
        [
            f"{subject}{manner}{deed}{other}",
            f"{subject}把{other}{manner}{deed}了",
            f"{other}被{subject}{manner}{deed}过",
        ]
    )


def _sentence_chinese(draw: random.Random) -> str:
    made = _clause_chinese(draw)
    if draw.random() < 0.5:
        first, then = draw.choice(LINKS_CHINESE)
        made = f"{first}{made}，{then}{_clause_chinese(draw)}"
    return (draw.choice(SCENES_CHINESE) + "，" if draw.random() < 0.4 else "") + made + "。"


def _chinese(draw: random.Random) -> tuple[str, str]:
    asked = f"{draw.choice(['怎么理解', '为何说', '能否概括', '谈谈'])}{_clause_chinese(draw)}？"
    return asked, "".join(_sentence_chinese(draw) for _ in range(draw.randint(3, 6)))


def _camel(draw: random.Random) -> str:
    return draw.choice(KINDS) + draw.choice(THINGS).capitalize()


def _code(draw: random.Random) -> tuple[str, str]:
    asked = f"{draw.choice(OPENERS)} a query for when {_clause(draw)}. {_sentence(draw)}"
    return asked, _sql(draw) if draw.random() < 0.5 else _script(draw)


def _sql(draw: random.Random) -> str:
    table, column, other = draw.choice(TABLES), draw.choice(COLUMNS), draw.choice(COLUMNS)
    lines = [f"SELECT {column}, {draw.choice(['COUNT(*)', 'AVG', 'MAX'])} AS {_camel(draw)}", f"FROM {table}"]
    if draw.random() < 0.6:
        lines.append(f"JOIN {draw.choice(TABLES)} ON {table}.{_camel(draw)} = {_camel(draw)}")
    lines.append(f"WHERE {other} {draw.choice(['<', '>', '=', '<>'])} '{draw.choice(THINGS)}'")
    if draw.random() < 0.6:
        lines.append(f"  AND {draw.choice(COLUMNS)} BETWEEN {draw.randint(1, 50)} AND {draw.randint(51, 900)}")
    return "\n".join([*lines, f"ORDER BY {column} LIMIT {draw.randint(1, 100)};"])


def _script(draw: random.Random) -> str:
    names = [_camel(draw) for _ in range(3)]
    lines = [f"const {names[0]} = ({names[1]}) => {{"]
    for _ in range(draw.randint(2, 5)):
        a, b, new = draw.choice(names), draw.choice(names), _camel(draw)
        lines.append(
            "  " + draw.choice([
                f"let {new} = {a}.map(({b}) => {b} * {draw.randint(2, 60)});", f"if (!{a}) throw new Error('{new}');",
                f"{a}[{b}] = {new} ?? {draw.randint(1, 60)};", f"await {new}({a}, {b});", f"{a}.{new} += {b}.length;",
            ])
        )  # fmt: skip
        names.append(new)
    return "\n".join([*lines, f"  return {draw.choice(names)};", "};"])


def _maths(draw: random.Random) -> tuple[str, str]:
    factor, root, shift = draw.randint(2, 12), draw.randint(-30, 60), draw.randint(1, 99)
    letter = draw.choice("xyzuvwkn")
    asked = f"Solve {factor}{letter} + {shift} = {factor * root + shift}, knowing {_clause(draw)}. {_sentence(draw)}"
    lines = [
        f"Subtract {shift}: {factor}{letter} = {factor * root}.",
        f"Divide by {factor}: {letter} = {root}.",
        f"Check with {_thing(draw)}: {factor} × {root} + {shift} = {factor * root + shift}.",
    ]
    return asked, " ".join([*draw.sample(lines, draw.randint(2, 3)), _sentence(draw)])
