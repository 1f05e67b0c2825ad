"""Browsers: what people call the browser that a sign-in came from; the header that it sends is written for programs."""

# The first that occurs names it: each newer browser also calls itself by the names of those before it.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
LONGEST = 60


def browser_named(header: str) -> str:
    """“Safari on iPhone”; of what is no browser that we know, the beginning of the header."""
    browser, system = (next((name for sign, name in known if sign in header), "") for known in (BROWSERS, SYSTEMS))
    return f"{browser} on {system}" if browser and system else header[:LONGEST]
