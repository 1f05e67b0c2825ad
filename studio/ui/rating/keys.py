"""Keys: what the keyboard does on the rating page, and the script that makes it so."""

from collections.abc import Sequence

JUDGING = (("←", "left"), ("→", "right"), ("=", "equal"), ("0", "both bad"), ("U", "undo"), ("S", "skip"))
GUESSING = (("←", "left"), ("→", "right"), ("=", "no idea"), ("S", "do not say"), ("U", "undo"))
UNDOING = (("U", "undo"),)


def listed(keys: Sequence[tuple[str, str]]) -> str:
    """What the keys do that work just now."""
    told = "".join(f"<span><kbd>{key}</kbd> {words}</span>" for key, words in keys)
    return f'<div class="keys">{told}</div>' if told else ""


# Nobody reads a card in half a second: what arrives sooner after a press is the second half of a double click, and what
# arrives sooner after a card was drawn is a press of somebody who waited for it, meant for the card before.
# From a press until what follows is drawn, or a message says why nothing does, the page tells that the press was taken, in
# the same way for each of them.
HEAD = """
<script>
let judged = -Infinity, drawn = '';
new MutationObserver(() => {
  const far = [...document.querySelectorAll('.title, .bar-words, .empty')].map((each) => each.textContent).join();
  if (far !== drawn || document.querySelector('.toast-body')) delete document.body.dataset.taken;
  if (far !== drawn) { drawn = far; judged = performance.now(); }
}).observe(document, {childList: true, characterData: true, subtree: true});
document.addEventListener('click', (event) => {
  const isUndo = event.target.closest('#rate-undo:not(:disabled)');
  if (!isUndo && !event.target.closest('#rate-buttons button, #rate-skip, #guess-buttons button')) return;
  const now = performance.now();
  if (!isUndo && now - judged < 500) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (!isUndo) judged = now;
  document.body.dataset.taken = 'yes';
}, true);
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest('input, textarea, select')) return;
  const keys = {
    ArrowLeft: ['rate-left', 'guess-left'], ArrowRight: ['rate-right', 'guess-right', 'rate-again'],
    '=': ['rate-tie', 'guess-unsure'], '0': ['rate-both-bad'], u: ['rate-undo'], s: ['rate-skip', 'guess-none'],
  };
  for (const id of keys[event.key.length === 1 ? event.key.toLowerCase() : event.key] || []) {
    const found = document.getElementById(id);
    const button = found && (found.tagName === 'BUTTON' ? found : found.querySelector('button'));
    if (button && !button.disabled && button.offsetParent) { event.preventDefault(); button.click(); return; }
  }
});
</script>
"""
