"""A chat template comes with a model and may be hostile: it ends in a sentence, soon, and takes nothing with it."""

import json
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers import tokenization_utils_base
from transformers.utils import chat_template_utils

from studio.data.tokenizer import load_tokenizer as by_data
from studio.domain import bounded as limiting
from studio.domain.bounded import OverlongError, bind, limits
from studio.domain.errors import RecipeError
from studio.engine.load import load_tokenizer as by_engine
from tests.conftest import ROOT

ASKED = [[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]]
HONEST = "{% for m in messages %}{{ '-' * 3 }}{{ m.role }}: {{ m.content }}{% endfor %}"
# What each would take, were it let: hours, or all memory there is.
HOSTILE = {
    "loops within loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a text many times over": "{{ 'a' * 10 ** 12 }}",
    "many times over, by little and little": "{% set n = namespace(t='aaaaaaaa') %}"
    + "{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    "a power": "{{ 10 ** (10 ** 8) }}",
    "squares of squares": "{% set n = namespace(x=7) %}{% for i in range(40) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "a list that grows": "{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = n.l + n.l %}{% endfor %}",
    "padding": "{{ 'a'|center(500000000) }}",
    "a macro of itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "nested ifs": "{% if true %}" * 5_000 + "{% endif %}" * 5_000,
    "nested loops": "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    "length": "a" * 200_000,
}
# What the sandbox keeps a template from; were it to let one through, this is where it would be seen.
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.system('id') }}",
    "{{ ''|attr('__class__')|attr('__mro__') }}",
    "{{ messages|map(attribute='__class__.__mro__')|list }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(raise_exception) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(raise_exception) }}",
    "{{ raise_exception.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as p %}",
    "{{ messages.append({}) }}",
    "{{ self.__init__.__globals__ }}",
]


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What a conversation comes to by a template, with little memory and little time."""
    monkeypatch.setattr(limiting, "MEMORY", 200_000_000)
    monkeypatch.setattr(limiting, "SECONDS", 0.5)
    bind(tokenization_utils_base, ImmutableSandboxedEnvironment)
    write = tokenization_utils_base.render_jinja_template
    return lambda template: write(conversations=ASKED, chat_template=template)[0][0]


def test_an_honest_template_is_written_as_ever(render: Callable[[str], str]):
    assert render(HONEST) == "---user: Hello---assistant: Hi"


@pytest.fixture(scope="module")
def endings() -> dict[str, list[Any]]:
    """How each hostile template ended in a process of its own, as a worker is one, and what it took: seconds and kB."""
    program = "from tests.data.test_bounded import tell_endings; tell_endings()"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def tell_endings() -> None:
    """What the process does."""
    limiting.MEMORY, limiting.SECONDS = 200_000_000, 0.5
    bind(tokenization_utils_base, ImmutableSandboxedEnvironment)
    told = {}
    for name, template in HOSTILE.items():
        began, held, said = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, ""
        try:
            tokenization_utils_base.render_jinja_template(conversations=ASKED, chat_template=template)
        except RecipeError as error:
            said = str(error)
        told[name] = [
            said, time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held,
        ]  # fmt: skip
    print(json.dumps(told))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_would_take_everything_ends_in_a_sentence(endings: dict[str, list[Any]], name: str):
    said, seconds, kilobytes = endings[name]
    assert "chat template of this model" in said
    assert seconds < 5 and kilobytes < 600_000


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_reaches_nothing_but_the_conversation(render: Callable[[str], str], template: str):
    try:
        written = render(template)
    except Exception as error:
        written = str(error)
    assert not [
        sign for sign in ("uid=", "root:", "<function", "'os'", "<class 'type'>", "subprocess") if sign in written
    ]


@pytest.mark.parametrize("load", [lambda at: by_data(at, texts=False), by_engine], ids=["data", "engine"])
def test_whoever_loads_a_tokenizer_is_held_to_the_limits(load: Any, root: Path, monkeypatch: pytest.MonkeyPatch):
    """Also what TRL, or anything else in the process, writes with it."""
    monkeypatch.setattr(tokenization_utils_base, "render_jinja_template", chat_template_utils.render_jinja_template)
    monkeypatch.setattr(limiting, "SECONDS", 0.2)
    tokenizer = load(root / "assets" / "starter")
    with pytest.raises(RecipeError, match="takes more than"):
        tokenizer.apply_chat_template(ASKED[0], chat_template=HOSTILE["loops within loops"], tokenize=False)


def test_limits_are_gone_afterwards_also_after_an_error():
    def held() -> Any:
        return (
            resource.getrlimit(resource.RLIMIT_DATA), resource.getrlimit(resource.RLIMIT_CPU),
            signal.getsignal(signal.SIGVTALRM), signal.getitimer(signal.ITIMER_VIRTUAL),
        )  # fmt: skip

    before = held()
    with limits(memory=1_000_000_000, seconds=5):
        assert held() != before
    with pytest.raises(OverlongError), limits(memory=1_000_000_000, seconds=0.05):
        while True:
            pass
    assert held() == before


def test_what_swallows_the_interruption_is_interrupted_again():
    with pytest.raises(OverlongError), limits(memory=1_000_000_000, seconds=0.05):
        with suppress(OverlongError):
            while True:
                pass
        while True:
            pass


def test_elsewhere_than_in_the_main_thread_the_memory_is_held(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limiting, "MEMORY", 200_000_000)
    bind(tokenization_utils_base, ImmutableSandboxedEnvironment)
    write, told = tokenization_utils_base.render_jinja_template, []

    def work() -> None:
        with pytest.raises(RecipeError, match="takes all memory"):
            write(conversations=ASKED, chat_template=HOSTILE["many times over, by little and little"])
        told.append("refused")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == ["refused"]


def test_the_templates_of_real_models_are_within_the_limits(root: Path):
    tokenizer = by_data(root / "assets" / "starter", texts=False)
    assert "Hello" in tokenizer.apply_chat_template(ASKED[0], tokenize=False)
