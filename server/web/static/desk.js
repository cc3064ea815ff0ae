// What every page with switches shares: the live stream, what is known, and taps on their way to the server.

import { around } from './cards.js';
import './link-badge.js';
import { Live } from './live.js';
import * as phone from './phone.js';
import './relay-switch.js';
import { send } from './send.js';
import { sure } from './sheet.js';
import { Store } from './store.js';
import { failure, learn, refusal, t, view } from './words.js';

// Until its first stream is there, a page that the server has just made is the newest word; `stale` says when it no longer is.
const FRESH = ['live', 'connecting'];

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const badge = document.querySelector('link-badge');
const live = new Live('/api/v1/live', hear);
let draw = () => {};

export const store = new Store();

// Takes over the page that the server rendered. drawPage() draws what the store knows; it is called whenever that changed.
export function begin(drawPage) {
  draw = drawPage;
  learn(read('words'));
  store.hear('snapshot', read('snapshot'));
  document.addEventListener('ask', ({ target, detail }) => attempt(target.closest('.card').dataset.key, detail, null));
  document.addEventListener('visibilitychange', refresh);
  for (const moved of ['online', 'offline']) window.addEventListener(moved, refresh);
  window.addEventListener('pageshow', (event) => event.persisted && refresh());
  window.addEventListener('pagehide', leave);
  setInterval(second, 1000);
  phone.begin();
  refresh();
}

// What the page may still say of the devices: nothing for sure once the server has been silent for long.
export function line() {
  return live.state === 'stale' ? 'down' : store.link;
}

export function paint() {
  const nowMs = store.nowMs();
  if (document.body.dataset.live !== live.state) document.body.dataset.live = live.state;
  badge.show(live.state, store.link, nowMs - live.silentMs, nowMs);
  draw();
}

// Asks for ON for so many seconds, of a channel by its key: a device's id, a slash and the channel's.
export function wish(key, forS) {
  return attempt(key, true, forS);
}

// on: null where nothing could be asked for when it was pressed. confirmed: it was asked about, and meant; what may be done is looked at
// anew then, since that took a while.
async function attempt(key, on, forS, confirmed = false) {
  const { device, channel, site } = store.find(...key.split('/')) ?? {};
  if (!channel) return;
  const surroundings = around(device, site, line(), store.nowMs());
  const seen = view(store.shown(channel), surroundings);
  if (seen.look === 'pending') return;
  const refused = FRESH.includes(live.state) ? refusal(channel, surroundings) : t('notice.not_live');
  if (refused || seen.asks === null) {
    store.refuse(channel, refused);
    paint();
    return;
  }
  if (on === null) return; // it can be used by now, and what would be meant is not known
  if (on && channel.ask_first && !confirmed) {
    if (await sure(t('ask.on', { name: channel.name }))) attempt(key, on, forS, true); // on was asked, whatever it is by now
    return;
  }
  store.ask(channel, on);
  navigator.vibrate?.(10);
  paint();
  answered(channel, on, await send(channel, on, forS));
}

function answered(channel, on, answer) {
  if (answer.signedOut) signIn();
  else if (answer.command) store.answered(channel, answer.command);
  else store.refuse(channel, answer.lost ? t('notice.network') : failure(on, answer.why));
  paint();
}

function hear(kind, data) {
  if (kind === 'lost') {
    if (data.refused) askWhoAmI();
  } else {
    store.hear(kind, data);
    keep(false);
  }
  paint();
}

// What is no longer live is older than what the phone keeps already.
function keep(atOnce) {
  if (live.state === 'live') phone.keep(store, atOnce);
}

function leave() {
  keep(true);
  live.close();
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

// The stream begins anew: until its first word nothing is sent. A network that went and one that came are both a reason.
function refresh() {
  if (document.visibilityState === 'visible') live.open();
  else keep(true);
  paint();
}

function second() {
  live.check();
  if (store.giveUp()) live.open();
  if (document.visibilityState === 'visible') paint();
}
