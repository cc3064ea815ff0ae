// Waits for a device that was given a code, and goes to its page once it is there.

import './copy.js';
import { Live } from './live.js';

const READ_MS = 1500;
const waiting = document.getElementById('waiting');
const device = waiting.dataset.device;
const live = new Live('/api/v1/live', hear);

function hear(kind, data) {
  const told = kind === 'snapshot' ? data.devices : kind === 'device' ? [data] : [];
  const found = told.find((it) => it.id === device);
  if (found) step(found.presence === 'online' ? 'here' : 'run');
}

function step(name) {
  if (waiting.dataset.step === name || waiting.dataset.step === 'here') return;
  waiting.dataset.step = name;
  for (const line of waiting.querySelectorAll('[data-when]')) line.hidden = line.dataset.when !== name;
  if (name === 'here') setTimeout(() => location.assign(`/devices/${device}`), READ_MS);
}

function wake() {
  if (document.visibilityState === 'visible') live.open();
}

document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
window.addEventListener('pagehide', () => live.close());
setInterval(() => live.check(), 1000);
wake();
