"""Copying: buttons that put a text on the clipboard, also where the browser offers none (a page without https)."""

HEAD = """
<script>
window.copyText = async (button, text) => {
  let isCopied = false;
  try {
    await navigator.clipboard.writeText(text);
    isCopied = true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    isCopied = document.execCommand('copy');
    area.remove();
  }
  if (!isCopied) return prompt('Copy it from here:', text);
  button.dataset.words ??= button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => button.textContent = button.dataset.words, 4000);
};
</script>
"""


def button(words: str, text: str) -> str:
    """A button that copies what the JavaScript expression `text` is; in it "this" is the button."""
    return f'<button class="copy" type="button" onclick="copyText(this, {text})">{words}</button>'


def address_button(words: str, path: str) -> str:
    """A button that copies the whole address of a path of this studio, as this browser reaches it."""
    return button(words, f"location.origin + '{path}'")
