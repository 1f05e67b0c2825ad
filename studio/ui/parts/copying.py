"""Copying: buttons that put a text on the clipboard, also where the browser offers none (a page without https).

What they do stands in the head of the page: no policy that keeps out foreign scripts allows one in an attribute.
"""

from html import escape

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
const whole = (path) => new window.URL(path, location.href).href;
document.addEventListener('click', (event) => {
  const button = event.target.closest('button.copy');
  if (!button || button.dataset.act) return;
  const path = button.dataset.path;
  copyText(button, path ? whole(path) : button.closest('.said').querySelector('.words').textContent);
});
document.addEventListener('toggle', (event) => {
  const path = event.target.dataset?.path;
  if (path) event.target.querySelector('code').textContent = whole(path);
}, true);
</script>
"""


def answer_button(words: str) -> str:
    """A button that copies the answer that it stands below."""
    return f'<button class="copy" type="button">{escape(words)}</button>'


def address_button(words: str, path: str) -> str:
    """A button that copies the whole address of a path of this studio, as this browser reaches it."""
    return f'<button class="copy" type="button" data-path="{escape(path)}">{escape(words)}</button>'


def unfolding(path: str, summary: str, inner: str) -> str:
    """A part that writes the whole address of a path into its `code` once it is unfolded: only the browser knows it."""
    return f'<details class="device" data-path="{escape(path)}"><summary>{escape(summary)}</summary>{inner}</details>'
