"""The generator that thresholds may be chosen with: a shop and its software, in sentence frames with gaps."""

import random
import re

from bench.accuracy.copies import Topic, World

NOUNS = (
    "order parcel invoice refund basket voucher delivery warehouse courier label receipt catalogue discount shelf "
    "supplier checkout account password profile newsletter login browser update printer scanner tablet charger "
    "cable screen keyboard licence server backup folder message calendar ticket report dashboard spreadsheet "
    "template signature attachment upload customer colleague manager driver buyer seller partner visitor member "
    "reviewer accountant technician jacket kettle lamp mattress bicycle helmet suitcase blender carpet curtain "
    "mirror wardrobe sofa pillow blanket candle notebook envelope bracket drawer handle battery filter hinge "
    "switch socket gasket valve nozzle magnet spring lever pedal ribbon"
).split()
ADJECTIVES = (
    "late damaged missing blue heavy early cheap broken open empty second urgent polite wooden digital spare "
    "seasonal faulty bright narrow folded quiet sealed printed signed shared hidden yearly monthly local foreign "
    "modern rusty smooth striped round compact portable silver green loose tight dusty fresh cold warm simple "
    "strange useful final official temporary"
).split()
VERBS = (
    "checked returned packed replaced scanned ordered collected cancelled approved forwarded updated opened "
    "repaired tested printed counted weighed moved listed sorted labelled delayed confirmed accepted refused "
    "stored shipped unpacked measured cleaned photographed reviewed archived exported imported renamed locked "
    "unlocked restored compared described reported"
).split()
ADVERBS = (
    "again today yesterday quickly carefully later first together separately online twice weekly overnight soon".split()
)
CITIES = "Lisbon Leeds Graz Turin Lyon Ghent Bergen Porto Malmo Bilbao Zagreb Cork Tampere Basel Gdansk Utrecht".split()
SYLLABLES = "ba vo nix tra lor mi kel dan su ro fen gar pil tou zen mar hol vi".split()
ASKED = (
    "The {a} {n} from {N} was {v} {r}, so what should the {n} do next?",
    "Our {n} in {C} says that the {n} is {a}. Can the {n} still be {v}?",
    "{N} wants to know why the {a} {n} and the {n} were {v} {r}.",
    "I {v} a {n} for {N}, but the {n} looks {a}; who has {v} it?",
    "Please tell me how a {a} {n} gets {v} when the {n} is {a}.",
)
SAID = (
    "The {n} was {v} {r} by our {n} in {C}.",
    "First the {a} {n} is {v}, then a {n} will be {v} {r}.",
    "You find the {n} beside the {a} {n}, where {N} has {v} it.",
    "A {n} that is {a} can be {v} within {d} days.",
    "Once the {n} has been {v}, we send the {a} {n} to {N}.",
    "Because the {n} is {a}, every {n} must be {v} {r}.",
    "Our {n} {v} both the {n} and the {a} {n} {r}.",
    "For {N} the {n} costs {d} less than the {a} {n}.",
    "If the {n} stays {a}, ask the {n} in {C} for a {a} {n}.",
    "They {v} the {n}, {v} the {n} and {v} a {a} {n}.",
    "Thank you: your {a} {n} has now been {v} {r}.",
    "Between {C} and {C} the {n} is {v} {r}.",
)

THINGS = (
    "客户 订单 发票 仓库 快递 商品 价格 账户 密码 优惠 评价 店铺 合同 付款 包裹 地址 手机 电脑 会员 礼物 衣服 鞋子 "
    "标签 说明 照片 邮箱 短信 库存 柜台 经理 同事 司机 供应 清单 收据 活动 页面 软件 系统 屏幕 按钮 文件 日期 颜色 "
    "尺寸 材料 质量 包装"
).split()
QUALITIES = (
    "重要 便宜 损坏 红色 新鲜 特殊 完整 普通 昂贵 清楚 奇怪 漂亮 简单 常用 临时 安全 严重 最新 透明 结实".split()
)
DEEDS = (
    "检查 退回 更换 确认 发送 修改 收到 取消 登记 整理 打开 联系 购买 支付 下载 安装 保存 打印 测量 比较 解释 通知 "
    "安排 处理 寄出 签收 核对 上传 删除 恢复"
).split()
TIMES = "今天 昨天 下午 早上 周末 月底 刚才 马上 最近 晚上".split()
FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂英华玉兰飞雪"
ASKED_CHINESE = (
    "{t}{D}的{q}{T}为什么还在{T}里？",
    "请告诉我怎样{D}{q}的{T}和{T}。",
    "{N}想{D}{T}，可是{T}很{q}，怎么办？",
)
SAID_CHINESE = (
    "{t}我们{D}了{q}的{T}，然后{D}{T}。", "如果{T}{q}，就先{D}{T}再{D}{T}。", "{N}已经把{T}和{T}{D}好。",
    "您的{q}{T}会在{t}{D}，{T}也一样。", "因为{T}很{q}，所以要{D}每件{T}。", "{D}{T}以后，{N}会{D}{q}的{T}。",
)  # fmt: skip

PURPOSES = "counts filters merges sorts groups renames validates formats samples caches parses splits".split()
FIELDS = "price stock weight score width total limit offset rate level index amount margin height depth ratio".split()
STEPS = (
    "    {x} = {y}.get('{f}', {d})",
    "    if {x} > {y}:\n        {x} -= {d}",
    "    for {x} in {y}:\n        {z}.append({x})",
    "    {z} = [{x} * {d} for {x} in {y}]",
    "    {x} = max({y}, {z}) + {d}",
    "    with open({y}) as {x}:\n        {z} = {x}.read()",
    "    {x}, {y} = {y}, {x}",
    "    assert {x} != {y}, '{f}'",
    "    {z} = sorted({y}, key=lambda {x}: {x}['{f}'])",
    "    while {x} < {d}:\n        {x} += {z}",
    "    {y}['{f}'] = {x} // {d}",
    "    print(f'{f}: {{{x}}}')",
)


def world() -> World:
    word = re.compile(r"[A-Za-z]{3,}")
    english = NOUNS + ADJECTIVES
    affixes = (("Hello!", "Quick question:", "Dear team,"), ("Thanks a lot.", "Best regards.", "Hope this helps!"))
    chinese = Topic(
        "chinese", _chinese, re.compile("|".join(THINGS + QUALITIES + DEEDS + TIMES)), THINGS, _chinese_name,
        (("你好，", "请问"), ("谢谢。", "祝好。")), CHINESE_TWINS, gap="",
    )  # fmt: skip
    return World(
        seed=11,
        topics=(
            (Topic("business", _business, word, english, _name, affixes, BUSINESS_TWINS), 0.6),
            (chinese, 0.15),
            (Topic("code", _code, word, english, _name, affixes, CODE_TWINS, gap="\n"), 0.125),
            (Topic("maths", _maths, word, english, _name, affixes, MATHS_TWINS), 0.125),
        ),
        labels=("billing", "shipping", "returns", "account", "category: repair", "category: praise"),
    )


BUSINESS_TWINS = (
    ("number", "It arrives in NUMBER days.", "It arrives in NEXT days."),
    ("currency", "It costs $NUMBER.", "It costs €NUMBER."),
    ("negation", "This can be changed.", "This can not be changed."),
)
CHINESE_TWINS = (
    ("number", "一共NUMBER件。", "一共NEXT件。"),
    ("negation", "这个可以退。", "这个不可以退。"),
    ("currency", "价格是¥NUMBER。", "价格是$NUMBER。"),
)
CODE_TWINS = (
    ("operator", "    return total + step", "    return total - step"),
    ("operator", "    return low < high", "    return low > high"),
    ("C++ or C#", "This is written in C++.", "This is written in C#."),
    ("number", "    return total * NUMBER", "    return total * NEXT"),
)
MATHS_TWINS = (
    ("operator", "So it is NUMBER + 8.", "So it is NUMBER * 8."),
    ("number", "The answer is NUMBER.", "The answer is NEXT."),
    ("operator", "Now take x² of it.", "Now take x³ of it."),
    ("operator", "That gives 2*(NUMBER+4).", "That gives 2*NUMBER+4."),
)


def _name(draw: random.Random) -> str:
    return "".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))).capitalize()


def _chinese_name(draw: random.Random) -> str:
    return draw.choice(FAMILY_NAMES) + "".join(draw.choices(GIVEN_NAMES, k=2))


def _filled(frame: str, draw: random.Random) -> str:
    gaps = {
        "n": lambda: draw.choice(NOUNS), "a": lambda: draw.choice(ADJECTIVES), "v": lambda: draw.choice(VERBS),
        "r": lambda: draw.choice(ADVERBS), "C": lambda: draw.choice(CITIES), "N": lambda: _name(draw),
        "d": lambda: str(draw.randint(2, 90)),
    }  # fmt: skip
    return re.sub(r"\{(\w)\}", lambda gap: gaps[gap[1]](), frame)


def _sentences(frames: tuple[str, ...], draw: random.Random, least: int, most: int) -> str:
    return " ".join(_filled(frame, draw) for frame in draw.sample(frames, draw.randint(least, most)))


def _business(draw: random.Random) -> tuple[str, str]:
    return _sentences(ASKED, draw, 1, 2), _sentences(SAID, draw, 3, 6)


def _filled_chinese(frame: str, draw: random.Random) -> str:
    banks = {"T": THINGS, "q": QUALITIES, "D": DEEDS, "t": TIMES}
    return re.sub(r"\{(\w)\}", lambda gap: _chinese_name(draw) if gap[1] == "N" else draw.choice(banks[gap[1]]), frame)


def _chinese(draw: random.Random) -> tuple[str, str]:
    said = draw.sample(SAID_CHINESE, draw.randint(2, 4))
    return _filled_chinese(draw.choice(ASKED_CHINESE), draw), "".join(_filled_chinese(frame, draw) for frame in said)


def _variable(draw: random.Random) -> str:
    return f"{draw.choice(ADJECTIVES)}_{draw.choice(NOUNS)}"


def _code(draw: random.Random) -> tuple[str, str]:
    given = [_variable(draw) for _ in range(3)]
    lines = [
        step.format(
            x=draw.choice(given), y=draw.choice(given), z=_variable(draw), f=draw.choice(FIELDS), d=draw.randint(2, 99)
        )
        for step in draw.sample(STEPS, draw.randint(3, 6))
    ]
    asked = f"Write Python that {draw.choice(PURPOSES)} every {draw.choice(ADJECTIVES)} {draw.choice(NOUNS)}. "
    body = "\n".join(lines)
    return asked + _sentences(SAID, draw, 1, 2), f"def {_variable(draw)}({', '.join(given)}):\n{body}"


def _maths(draw: random.Random) -> tuple[str, str]:
    total, steps = draw.randint(3, 40), []
    for _ in range(draw.randint(2, 4)):
        other = draw.randint(2, 30)
        sign, result = draw.choice([("+", total + other), ("*", total * other), ("-", total - other)])
        steps.append(
            f"{draw.choice(ADVERBS).capitalize()} the {draw.choice(NOUNS)}: {total} {sign} {other} = {result}."
        )
        total = result
    asked = (
        f"{_name(draw)} has {steps[0].split(': ')[1].split()[0]} {draw.choice(NOUNS)}s. {_sentences(SAID, draw, 1, 3)}"
    )
    return asked + f" How many {draw.choice(NOUNS)}s are there?", " ".join(steps)
