"""Pages: plain HTML in the studio's look, without a script, at a desk and on a phone."""

from html import escape
from urllib.parse import quote

from studio.domain.access import Mode

HEADERS = {
    "Cache-Control": "no-store",
    # Without a referrer a browser also hides the origin of a form, which would then seem to come from elsewhere.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}
STYLE = """
:root { --paper: #f7f7f5; --card: #fff; --ink: #1c2430; --quiet: #5b6472; --line: #e4e4df; --field: #cfcfc8;
  --accent: #9a6b1f; --link: #7c551a; --bad: #a33a31; --soft: #f3ecdf }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --card: #1b2027; --ink: #e8e6e1; --quiet: #a3abb8;
  --line: #333a44; --field: #414955; --accent: #d3a24c; --link: #d3a24c; --bad: #e58a80; --soft: #3a2f1c } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); color-scheme: light dark;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 26rem; margin: 10vh auto 4rem; padding: 0 16px }
main.wide { max-width: 66rem; margin-top: 2rem }
.brand { font-weight: 700; display: flex; align-items: center; gap: .5rem; margin-bottom: 1rem }
.brand img { width: 22px; height: 22px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 20px; margin: 0 0 16px }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .75rem } h2 { font-size: 1.05rem; margin: 0 0 .25rem }
p { margin: 0 0 .75rem } .quiet, small { color: var(--quiet) } a { color: var(--link) }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem }
label small { font-weight: 400; display: block }
input, select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--field);
  border-radius: 6px; padding: .5rem .6rem; width: 100%; min-height: 42px }
button { font: inherit; font-weight: 600; border: 1px solid var(--field); border-radius: 6px; background: var(--card);
  color: var(--ink); padding: .45rem .9rem; min-height: 42px; cursor: pointer }
button.first { background: var(--accent); border-color: var(--accent); color: var(--card); margin-top: 1rem;
  width: 100% }
a.first { display: block; text-align: center; text-decoration: none; font-weight: 600; border-radius: 6px;
  background: var(--accent); color: var(--card); padding: .55rem .9rem; margin-top: 1rem } .last { margin: 1rem 0 0 }
button.bad { color: var(--bad); border-color: var(--bad) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.said { border-left: 3px solid var(--accent); background: var(--soft); padding: .6rem .8rem; border-radius: 4px;
  overflow-wrap: anywhere }
.said.bad { border-color: var(--bad) }
code { font: .92em ui-monospace, Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
"""
NEW = 'type="password" autocomplete="new-password" required minlength="10" maxlength="256"'
BRAND = '<div class="brand"><img src="/favicon.ico" alt="">Assay Studio</div>'


def page(title: str, body: str, *, style: str = "", wide: bool = False) -> str:
    """A whole page; `body` is HTML, in which everything that people wrote is escaped already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Assay Studio</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{style}</style></head>'
        f"<body><main{' class=wide' if wide else ''}>{BRAND}{body}</main></body></html>"
    )


def told(title: str, said: str) -> str:
    """One sentence, where there is nothing else to say."""
    return page(title, f"<section><h1>{escape(title)}</h1><p>{escape(said)}</p></section>")


def refused(said: str) -> str:
    return page(
        "Not for you",
        f"<section><h1>You may not do this</h1><p>{escape(said)}</p>"
        '<p><a href="/">Back to the studio</a></p></section>',
    )


def sign_in(*, wrong: str = "", name: str = "", back: str = "") -> str:
    """Name and password; `back` is where whoever is let in goes on."""
    return page(
        "Sign in",
        f"""<section><h1>Sign in</h1>{_wrong(wrong)}<form method="post" action="/signin">
<input type="hidden" name="next" value="{escape(back)}">
<label for="name">Name</label><input id="name" name="name" value="{escape(name)}" autocomplete="username"
 required maxlength="80" {"autofocus" if not name else ""} autocapitalize="none" spellcheck="false">
<label for="password">Password</label><input id="password" name="password" type="password"
 autocomplete="current-password" required maxlength="256" {"autofocus" if name else ""}>
<button class="first">Sign in</button></form></section>
<p class="quiet">No account, or a forgotten password?
An owner of this studio makes you a new address.</p>""",
    )


def elsewhere(host: str, *, back: str = "") -> str:
    """The way to the provider, at which one signs in; `back` is where whoever is let in goes on."""
    return page(
        "Sign in",
        f"""<section><h1>Sign in</h1><p>You sign in at <b>{escape(host)}</b>, and come back here.</p>
<a class="first" href="/signin/go?next={quote(back)}">Sign in at {escape(host)}</a></section>""",
    )


def not_in(said: str) -> str:
    """Why nobody was let in, and the way to try again."""
    return page(
        "Not signed in",
        f'<section><h1>You are not signed in</h1><p class="said bad" role="alert">{escape(said)}</p>'
        '<p><a href="/signin">Back to signing in</a></p></section>',
    )


def signed_out(host: str, way_out: str | None) -> str:
    """Out of the studio; the provider may still know the browser, so that nobody would be asked for a password."""
    at_provider = (
        f"""<p>{escape(host)} may still know this browser, and would let it in again without asking.</p>
<a class="first" href="{escape(way_out)}">Sign out at {escape(host)} too</a>"""
        if way_out
        else ""
    )
    return page(
        "Signed out",
        f"<section><h1>You are signed out</h1>{at_provider}"
        '<p class="last"><a href="/signin">Sign in again</a></p></section>',
    )


def welcome(title: str, text: str, *, asks_name: bool, wrong: str = "", name: str = "") -> str:
    """A name and a password of one's own, for whoever was invited or sets the studio up."""
    asked = f"""<label for="name">Your name <small>You sign in with it; the others see it.</small></label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" required maxlength="80" autofocus>"""
    return page(
        title,
        f"""<section><h1>{escape(title)}</h1><p>{escape(text)}</p>{_wrong(wrong)}<form method="post">
{asked if asks_name else ""}
<label for="password">A password
<small>10 letters or more; a few words in a row are easy to keep in mind.</small></label>
<input id="password" name="password" {NEW}>
<label for="again">The same once more</label>
<input id="again" name="again" {NEW}>
<button class="first">Come in</button></form></section>""",
    )


def _wrong(said: str) -> str:
    return f'<p class="said bad" role="alert">{escape(said)}</p>' if said else ""


STRANGER = {
    Mode.LOCAL: page(
        "Open the printed address",
        """<section><h1>This browser is not known yet</h1>
<p>The studio runs here for you alone. Where you started it, it printed an address that ends in
<code>/open/…</code>: open that one once in this browser.</p>
<p class="quiet">Used already, or gone from the screen? <code>python -m studio address</code> prints a new one.
If you came by a link from elsewhere, reload this page first.</p></section>""",
    ),
    Mode.PROXY: page(
        "No role yet",
        """<section><h1>You have no role here yet</h1><p>You are signed in elsewhere, and nobody has given you a role in
this studio. Ask one of its owners.</p></section>""",
    ),
}
