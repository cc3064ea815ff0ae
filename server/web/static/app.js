// Puts the parts together: what the server rendered, the live stream, taps, and a second's tick for ages and remaining times.

import { Live } from './live.js';
import './link-badge.js';
import { around, draw } from './page.js';
import './relay-switch.js';
import { send } from './send.js';
import { Store } from './store.js';
import { failure, learn, refusal, t, view } from './words.js';

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const badge = document.querySelector('link-badge');
const store = new Store();
const live = new Live('/api/v1/live', hear);

function hear(kind, data) {
  if (kind === 'lost') {
    if (data.refused) askWhoAmI();
  } else {
    store.hear(kind, data);
  }
  paint();
}

// What the page may still say of the devices: nothing for sure once the server has been silent for long.
function line() {
  return live.state === 'stale' ? 'down' : store.link;
}

function paint() {
  const nowMs = store.nowMs();
  flagBody(live.state);
  badge.show(live.state, store.link, nowMs - live.silentMs, nowMs);
  draw(store, line());
}

function flagBody(state) {
  if (document.body.dataset.live !== state) document.body.dataset.live = state;
}

async function tapped(event) {
  const { device, channel, site } = store.find(
    event.target.closest('[data-device]').dataset.device,
    event.target.closest('[data-channel]').dataset.channel,
  ) ?? {};
  if (!channel) return;
  const seen = around(device, site, line(), store.nowMs());
  const { asks, look } = view(store.shown(channel), seen);
  if (look === 'pending') return;
  const refused = live.state === 'live' ? refusal(channel, seen) : t('notice.not_live');
  if (refused || asks === null) {
    store.refuse(channel, refused);
    paint();
    return;
  }
  store.ask(channel, asks);
  navigator.vibrate?.(10);
  paint();
  answered(channel, asks, await send(channel, asks));
}

function answered(channel, on, answer) {
  if (answer.signedOut) signIn();
  else if (answer.command) store.answered(channel, answer.command);
  else store.refuse(channel, answer.lost ? t('notice.network') : failure(on, answer.why));
  paint();
}

// The stream itself cannot say that it was refused because nobody is signed in any more.
async function askWhoAmI() {
  const answer = await fetch('/api/v1/snapshot', { credentials: 'same-origin' }).catch(() => null);
  if (answer?.status === 401) signIn();
}

function signIn() {
  live.close();
  location.assign('/sign-in');
}

function refresh() {
  if (document.visibilityState === 'visible') live.open();
  paint();
}

function second() {
  live.check();
  if (store.giveUp()) live.open();
  if (document.visibilityState === 'visible') paint();
}

learn(read('words'));
store.hear('snapshot', read('snapshot'));
document.getElementById('sites').addEventListener('ask', tapped);
document.addEventListener('visibilitychange', refresh);
window.addEventListener('online', refresh);
window.addEventListener('pageshow', (event) => event.persisted && refresh());
window.addEventListener('pagehide', () => live.close());
setInterval(second, 1000);
refresh();
