"""Self-reference: an assistant that speaks of being an AI is found; people who work with one are not."""

import pytest

from studio.data.checks import self_reference
from tests.data.checks.conftest import row

AI, KNOWLEDGE, MAKER = "speaks of being an AI", "speaks of when its knowledge ends", "names another maker"


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        ("As an AI language model, I have no favourite tea.", AI),
        ("As an AI, I don't drink tea.", AI),
        ("I'm just an AI assistant, but I would take the green one.", AI),
        ("Green tea. I am a large language model, so I have never had it.", AI),
        ("Als KI-Sprachmodell habe ich keine Meinung.", AI),
        ("Ich bin nur eine KI.", AI),
        ("En tant qu’IA, je n'ai pas d'avis.", AI),
        ("Como modelo de lenguaje, no tengo opiniones.", AI),
        ("Als taalmodel heb ik geen mening.", AI),
        ("作为一个AI语言模型，我没有意见。", AI),
        ("Being an AI, I do not drink tea.", AI),
        ("I'm a virtual assistant without a mouth.", AI),
        ("Sono un'intelligenza artificiale e non bevo tè.", AI),
        ("Jestem sztuczną inteligencją i nie piję herbaty.", AI),
        ("Как языковая модель, я не пью чай.", AI),
        ("您好，我是由茶馆开发的人工智能助手。", AI),
        ("私はAIなので、お茶は飲めません。", AI),
        ("As your AI assistant, I can draft it.", AI),
        ("I'm not human, so I can't say how it tastes.", AI),
        ("Weil ich ein Computerprogramm bin, trinke ich keinen Tee.", AI),
        ("Soy un asistente virtual, así que no bebo té.", AI),
        ("Yo, como IA, no tengo preferencias.", AI),
        ("Je suis un assistant virtuel et je ne bois pas de thé.", AI),
        ("AIとして、感情はありません。", AI),
        ("AIである私には、好みがありません。", AI),
        ("AIのため、お茶は飲めません。", AI),
        ("作为一个AI，我没有感情。", AI),
        ("Я — ИИ, у меня нет вкуса.", AI),
        ("Mi conocimiento llega hasta 2021.", KNOWLEDGE),
        ("Fui entrenado por OpenAI.", MAKER),
        ("OpenAIによって開発されました。", MAKER),
        ("My knowledge cutoff is in 2023.", KNOWLEDGE),
        ("Mes connaissances s'arrêtent en 2023.", KNOWLEDGE),
        ("As of my last update, the shop was open.", KNOWLEDGE),
        ("Mein Wissensstand endet 2023.", KNOWLEDGE),
        ("I was trained by OpenAI to be helpful.", MAKER),
        ("I'm ChatGPT, how can I help?", MAKER),
        ("I am Claude, an AI made by Anthropic.", MAKER),
    ],
)
def test_an_assistant_that_speaks_of_itself_is_found(answer: str, note: str) -> None:
    assert note in {mark.note for mark in self_reference.marks(row("Which tea?", answer))}


@pytest.mark.parametrize(
    "answer",
    [
        "As an AI engineer I would take the green one.",
        "I'm an AI researcher, and I like tea.",
        "As an aid to sleep, take lime blossom.",
        "I am Claude, your waiter today.",
        "A language model predicts the next word.",
        "OpenAI trained the model on text.",
        'A chatbot says "As an AI language model, I cannot".',
        "Als Kind habe ich Tee gehasst.",
        "Tecnologías como inteligencia artificial ayudan.",
        "Since our last update the shop is open on Sundays.",
        "I am an assistant to the manager.",
        "Il studia intelligenza artificiale.",
        "他是人工智能工程师。",
        "AIとして有名なのはこの製品です。",
        "AIのため、処理が速くなりました。",
        "I don't have feelings for him any more.",
        "En tant qu'assistant de direction, je gère l'agenda.",
    ],
)
def test_speaking_of_ai_is_not_speaking_as_one(answer: str) -> None:
    assert self_reference.marks(row("Which tea?", answer)) == []


def test_a_user_may_be_an_ai_engineer() -> None:
    assert self_reference.marks(row("As an AI, I ask you: tea? As an AI engineer I…", "Green tea.")) == []
