"""Carried: what somebody had typed, over to the page that is loaded anew because the studio was started anew.

The new server knows nothing of the old page, and draws each form as it proposes it. So what had been typed is shown
above all else, to be copied to where it belongs. It stays in the browser, in the tab it was typed in, until it is shown.
"""

HEAD = """
<script>
const typed = new Map(), kept = 'typed' + location.pathname;
document.addEventListener('input', ({target, isTrusted}) => {
  if (!isTrusted || !target.matches('textarea, input:is([type=text], [type=number])')) return;
  const block = target.closest('.block'), label = block?.querySelector('[data-testid=block-info]')?.textContent;
  typed.set(target, {label: target.ariaLabel || label || '', text: target.value});
}, true);
// What was sent has been drawn anew since, and stands there no more as it was typed.
window.carryOver = () => {
  const left = [...typed].filter(([field, {text}]) => text.trim() && field.value === text).map(([, said]) => said);
  if (left.length) sessionStorage.setItem(kept, JSON.stringify(left));
};
(() => {  // this may run before the page is there, or after
  const left = JSON.parse(sessionStorage.getItem(kept) || '[]');
  sessionStorage.removeItem(kept);
  if (!left.length) return;
  const made = (name, text, inner = []) => {
    const part = Object.assign(document.createElement(name), {textContent: text});
    part.append(...inner);
    return part;
  };
  const close = Object.assign(made('button', 'Close'), {className: 'copy', onclick: () => shown.remove()});
  const shown = made('section', '', [
    made('p', 'The studio was started anew, and this page was loaded anew. This is what you had typed:'),
    ...left.map(({label, text}) => {
      const copy = Object.assign(made('button', 'Copy'), {className: 'copy', type: 'button'});
      const words = Object.assign(made('div', text), {className: 'words'});
      return Object.assign(made('div', '', [made('b', label), words, copy]), {className: 'said'});
    }),
    close,
  ]);
  close.dataset.act = 'close';  // it copies nothing
  shown.className = 'carried';
  shown.role = 'status';
  new MutationObserver((_, watching) => {
    const page = document.querySelector('.gradio-container > .main');
    if (!page) return;
    watching.disconnect();
    page.prepend(shown);
  }).observe(document, {childList: true, subtree: true});
})();
</script>
"""
