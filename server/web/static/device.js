// Keeps a device's page as the server would draw it now: when the live stream tells of this device, the parts are fetched anew.

import './copy.js';
import { Live } from './live.js';

const SOON_MS = 300;
const AT_MOST_EVERY_MS = 2000;
const STALE_MS = 300_000;
const device = document.querySelector('[data-device]').dataset.device;
const address = `/devices/${device}${location.search}`;
const live = new Live('/api/v1/live', hear);
let timer = 0;
let fetchedMs = Date.now();
let opened = false;

function hear(kind, data) {
  const first = kind === 'snapshot' && !opened && data.devices.find((it) => it.id === device)?.presence === told();
  opened ||= kind === 'snapshot';
  const ours = (kind === 'device' && data.id === device) || (kind === 'channel' && data.device === device);
  if (ours || kind === 'link' || (kind === 'snapshot' && !first)) soon();
  if (kind === 'lost' && data.refused) soon(); // perhaps nobody is signed in any more: the page's own answer tells
  tellAge();
}

function soon() {
  timer ||= setTimeout(refresh, Math.max(SOON_MS, fetchedMs + AT_MOST_EVERY_MS - Date.now()));
}

async function refresh() {
  timer = 0;
  fetchedMs = Date.now();
  const answer = await fetch(address, { credentials: 'same-origin', headers: { Accept: 'text/html' } }).catch(() => null);
  if (!answer) return;
  if (answer.redirected || [401, 403, 404].includes(answer.status)) location.assign(answer.redirected ? answer.url : '/');
  else if (answer.ok) draw(new DOMParser().parseFromString(await answer.text(), 'text/html'));
}

function draw(fresh) {
  const before = presence();
  for (const part of document.querySelectorAll('[data-fresh]')) {
    const now = fresh.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
    if (!now || inUse(part)) continue;
    part.replaceChildren(...now.childNodes);
    if (now.dataset.presence) part.dataset.presence = now.dataset.presence;
  }
  if (presence() !== before) document.getElementById('announce').textContent = presence();
}

// What the page says; between its making and the stream's first word that may have changed.
function told() {
  return document.querySelector('[data-fresh="head"]').dataset.presence;
}

function presence() {
  return document.querySelector('.presence').textContent;
}

// What somebody is about to fill in stays.
function inUse(part) {
  return part.contains(document.activeElement) || part.querySelector('details[open] form') !== null;
}

function tellAge() {
  document.getElementById('stale').hidden = live.state !== 'stale';
}

function wake() {
  if (document.visibilityState === 'visible') live.open();
}

document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
window.addEventListener('pageshow', (event) => event.persisted && wake());
window.addEventListener('pagehide', () => live.close());
setInterval(() => {
  live.check();
  tellAge();
  if (live.state === 'live' && document.visibilityState === 'visible' && Date.now() - fetchedMs > STALE_MS) soon(); // what was "a minute ago" is not any more
}, 1000);
wake();
