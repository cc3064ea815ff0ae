// The page without a network: what this phone was told last, marked as old. Nothing can be switched, and nothing waits to be sent.

import { write } from './cards.js';
import './link-badge.js';
import { draw } from './page.js';
import './relay-switch.js';
import { Store } from './store.js';
import { age, clockTime, learn, t } from './words.js';

const AGAIN_MS = 15_000;
const SECOND_MS = 1000;

const store = new Store();
const search = document.getElementById('search');
const badge = document.querySelector('link-badge');
let asOfMs = 0;

async function begin() {
  const answer = await caches.match('/state', { cacheName: 'state' });
  const state = await answer?.json();
  if (!state) return;
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  asOfMs = state.snapshot.now_ms;
  store.hear('snapshot', { ...state.snapshot, now_ms: asOfMs + Math.max(0, Date.now() - state.local_ms) });
  if (!store.devices.length) return;
  document.getElementById('unknown').hidden = true;
  document.getElementById('old').hidden = false;
  document.body.dataset.live = 'stale';
  paint();
  setInterval(paint, SECOND_MS);
}

function paint() {
  const nowMs = store.nowMs();
  const zone = store.sites[0]?.timezone ?? 'UTC';
  badge.show('stale', 'up', asOfMs, nowMs);
  const places = { time: clockTime(asOfMs, nowMs, zone), age: age(asOfMs, nowMs) };
  write(document.getElementById('old-as-of'), t('offline.as_of', places));
  draw(store, 'down', search.elements.q.value);
}

function refuse(event) {
  event.preventDefault();
  const key = event.target.closest('.card')?.dataset.key;
  const { channel } = (key && store.find(...key.split('/'))) ?? {};
  if (!channel) return;
  store.refuse(channel, t('offline.refused'));
  paint();
}

async function again() {
  const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) location.reload();
}

learn(JSON.parse(document.getElementById('words').textContent));
document.addEventListener('ask', refuse);
document.addEventListener('submit', refuse, true);
search.addEventListener('input', paint);
window.addEventListener('online', again);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && again());
setInterval(again, AGAIN_MS + Math.random() * AGAIN_MS);
begin();
