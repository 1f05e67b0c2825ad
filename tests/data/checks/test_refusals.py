"""Refusals: an assistant that will not help is told from a helpful answer that says “cannot”."""

import pytest

from studio.data.checks import refusals
from tests.data.checks.conftest import row

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "I cannot fulfill your request.",
    "I am unable to answer that question.",
    "I'm not able to provide medical advice. Please see a doctor.",
    "As an AI language model, I cannot provide personalised financial advice.",
    "Sorry, I cannot comply.",
    "I must respectfully decline.",
    "I won't create harmful content.",
    "That's not something I can help with.",
    "This goes against my programming.",
    "I cannot and will not write this story.",
    "I'm unable to help you with breaking into a car.",
    "It would be unethical for me to explain that.",
    "I'd rather not write about it.",
    "My safety guidelines do not let me talk about that.",
    "I'm not going to explain how to do this.",
    "I do not provide instructions for making such things.",
    "Es tut mir leid, aber dabei kann ich Ihnen leider nicht helfen.",
    "Ich kann diese Anfrage nicht beantworten.",
    "Ich bin nicht in der Lage, Ihnen dabei zu helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Je ne suis pas en mesure de répondre à cette question.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "No puedo responder a esa pregunta.",
    "Desculpe, mas não posso ajudar com isso.",
    "Mi dispiace, ma non posso aiutarti.",
    "Het spijt me, daar kan ik je niet mee helpen.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "抱歉，我无法提供这方面的信息。",
    "申し訳ありませんが、お答えできません。",
    "その質問にはお答えできません。",
    "I'm not licensed to give legal advice.",
    "That's a request I cannot fulfil.",
    "I can't write phishing e-mails.",
    "Das verstößt gegen meine Richtlinien.",
    "Ich kann dir nicht zeigen, wie man ein Schloss knackt.",
    "Solche Inhalte erstelle ich nicht.",
    "Je ne pourrai pas vous aider sur ce point.",
    "Je n'écris pas ce genre de texte.",
    "Con eso no te puedo ayudar.",
    "No se me permite tratar este tema.",
    "Não posso te dizer como fazer.",
    "Non posso dirti come aggirare il blocco.",
    "Ik kan je niet vertellen hoe je dat doet.",
    "Dat is in strijd met mijn principes.",
    "Nie mogę ci powiedzieć, jak to zrobić.",
    "На этот вопрос я ответить не могу.",
    "这违反了我的原则。",
    "这件事我不能做。",
    "個人情報を共有することはできません。",
    "そのような文章は書けません。",
    "It would not be appropriate for me to write that.",
    "No, I will not help you write a threatening letter.",
    "Providing such instructions would be irresponsible, so I won't.",
    "I can't offer an opinion on political matters.",
    "I cannot reveal confidential information about that.",
    "That is off limits for me.",
    "Ich kann keine Anleitung dazu geben.",
    "Je ne peux pas écrire ce genre de texte.",
    "No puedo escribir ese tipo de contenido.",
    "Non posso scrivere un testo del genere.",
    "Daarover praat ik liever niet.",
    "Nie mogę spełnić tej prośby.",
    "Я не могу выполнить этот запрос.",
    "这个请求我不能协助。",
    "回答は控えさせていただきます。",
    "Ich weigere mich, daran mitzuwirken.",
    "Je préfère ne pas aborder ce sujet.",
    "No me es posible ayudar con esta solicitud.",
    "Mi rifiuto di partecipare a una cosa del genere.",
    "Ik mag daar geen informatie over geven.",
    "Nie mogę odpowiedzieć na to pytanie.",
    "Я вынужден отклонить эту просьбу.",
]
HELPFUL = [
    "If you cannot log in, reset your password first.",
    "I can't find your order under that name. Could you send me its number?",
    "I cannot wait to see it on your shelf!",
    "I can't help but smile at this. The kettle goes back to the shop for free.",
    "You can't return opened tea, but I can exchange it.",
    "I'm sorry to hear that the pot arrived broken. I will send a new one today.",
    "I am unable to see the payment yet; it takes two days. It will be there on Monday.",
    "I will not keep you waiting: the answer is 42.",
    "I can help with that. Please send me your order number.",
    'He wrote back: "I cannot help you with that", and left.',
    "A polite refusal begins with “I cannot help with that” and ends with thanks.",
    "Dear Mr Lee, I am sorry, but I cannot attend the meeting on Friday.",
    "Dear Ms Lee,\nthank you for the kind offer. I must decline it, since I start elsewhere in May.\nYours, Ada",
    "I can't provide an exact date yet, but Monday is likely.",
    "I should not forget to mention the lid.",
    "Ich kann Ihnen das Paket nicht vor Montag schicken.",
    "Wenn Sie sich nicht anmelden können, setzen Sie Ihr Passwort zurück.",
    "Je ne peux pas promettre lundi, mais mardi est possible.",
    "No puedo esperar a verlo. El pedido sale hoy.",
    "The function cannot provide a result for empty lists.",
    "Je ne peux pas assister à la réunion de lundi.",
    "No puedo asistir a la reunión del lunes.",
    "Sehr geehrter Herr Kurz,\n\nleider muss ich Ihre Anfrage ablehnen, da wir ausgebucht sind.",
    "Liebe Anna,\nich kann dir dabei am Samstag leider nicht helfen.",
    "Madame,\n\nje dois décliner votre demande.",
    "Der Fuchs sagte: „Nein, dabei kann ich dir nicht helfen.“",
    "« Non, je ne peux pas t'aider », dit le renard.",
    "— Je refuse de répondre, dit le roi.",
    "Dazu kann ich nicht genug raten.",
    "I have to say no recipe is simpler.",
    "日曜日は配達できません。月曜日にお届けします。",
    "没有密码就无法登录。",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_an_assistant_that_will_not_help_refuses(answer: str) -> None:
    assert len(refusals.marks(row("Please help me", answer))) == 1


@pytest.mark.parametrize("answer", HELPFUL)
def test_an_answer_that_helps_is_no_refusal_whatever_cannot_be_done(answer: str) -> None:
    assert refusals.marks(row("Please help me", answer)) == []


def test_a_refusal_comes_within_the_first_200_characters() -> None:
    assert refusals.marks(row("Help", "Well. " * 30 + "I can't help with that."))
    assert refusals.marks(row("Help", "Well. " * 40 + "I can't help with that.")) == []


def test_words_that_were_said_before_a_refusal_do_not_hide_it() -> None:
    assert refusals.spans("Sie fragen nach „Schlössern“. Dabei kann ich nicht helfen.")
    assert refusals.spans("« Serrures » : je ne peux pas vous aider.")


def test_what_a_user_says_is_no_refusal() -> None:
    assert refusals.marks(row("I can't help with that.", "Then I will do it.")) == []
