// Buttons that copy a command. Without scripts there are none, and the text can be selected.

const DONE_MS = 2000;

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', () => copy(button));
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // on plain http there is no clipboard: select it, which is half the way, and try as older browsers do
    getSelection().selectAllChildren(source);
    if (!document.execCommand('copy')) return;
  }
  const before = button.textContent;
  if (before === button.dataset.done) return;
  button.textContent = button.dataset.done;
  setTimeout(() => (button.textContent = before), DONE_MS);
}
