// The page of one channel: its switch, why it is so, what comes next, and on for a time. What it was comes from the server anew.

import { around, drawCard, flag, write } from './cards.js';
import { begin, line, store, wish } from './desk.js';
import { readMinutes } from './minutes.js';
import { stepsOf } from './steps.js';
import { whatNext, whySo } from './why.js';
import { remaining, t, view } from './words.js';

const SETTLED_MS = 1_500;
const STALE_MS = 300_000;

const card = document.getElementById('channel');
const run = document.getElementById('run');
const { key } = card.dataset;
let renewedMs = Date.now();
let renewal = 0;
let past = '';

function draw() {
  const found = store.find(...key.split('/'));
  if (!found) {
    location.reload(); // it is not there any more, or not for us: the server says which
    return;
  }
  const { device, channel, site } = found;
  const seen = around(device, site, line(), store.nowMs());
  const shown = store.shown(channel);
  const seenNow = view(shown, seen);
  drawCard(card, { ...found, where: `${device.name} · ${site.name}` }, store, line());
  const known = ['on', 'off'].includes(seenNow.look) && channel.kind === 'output';
  write(card.querySelector('.question'), t(known ? `why.title_${seenNow.look}` : 'why.title'));
  write(card.querySelector('.why'), whySo(shown, seen, device.presence_ms));
  write(card.querySelector('.remaining'), seenNow.look === 'on' ? remaining(channel, seen) : '');
  drawSteps(shown.command, seen);
  drawNext(whatNext(shown, seen));
  if (run) drawRun(seenNow);
  renewWhenChanged([channel.on, channel.since_ms, channel.cause, device.presence].join());
}

function drawSteps(command, seen) {
  const details = card.querySelector('.steps');
  details.hidden = !command;
  list(details.querySelector('ol'), command ? stepsOf(command, seen.nowMs, seen.timezone) : []);
}

function drawNext(lines) {
  const section = document.getElementById('next');
  section.hidden = lines.length === 0 && !document.getElementById('planned');
  list(section.querySelector('[data-sure]'), lines);
}

function list(parent, texts) {
  while (parent.children.length > texts.length) parent.lastElementChild.remove();
  while (parent.children.length < texts.length) parent.append(document.createElement('li'));
  texts.forEach((text, index) => write(parent.children[index], text));
}

function drawRun({ look, asks }) {
  write(run.querySelector('.run-title'), t(look === 'on' ? 'run.title_on' : 'run.title_off'));
  for (const button of run.querySelectorAll('button')) flag(button, 'aria-disabled', asks === null);
}

// Taps on what cannot be used say why, as the switch does; what was typed stays where it is.
function chosen(event) {
  event.preventDefault();
  const button = event.type === 'submit' ? event.target.querySelector('button') : event.target.closest('button');
  if (button.name === 'for_s') wish(key, Number(button.value));
  else own(button.form);
}

function own(form) {
  const field = form.elements.minutes;
  const most = Number(run.dataset.longest);
  const asked = readMinutes(field.value, most);
  const wrong = typeof asked === 'string';
  const said = document.getElementById('minutes-wrong');
  flag(field, 'aria-invalid', wrong);
  said.hidden = !wrong;
  write(said, wrong ? t(`run.${asked}`, { most: Math.floor(most / 60) }) : '');
  if (wrong) field.focus();
  else wish(key, asked);
}

function renewWhenChanged(now) {
  const changed = past !== '' && past !== now;
  past = now;
  if ((changed || Date.now() - renewedMs > STALE_MS) && !renewal && document.getElementById('history')) {
    renewal = setTimeout(renew, SETTLED_MS);
  }
}

async function renew() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, credentials: 'same-origin' });
    const page = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page && page.getElementById('history');
    if (fresh) put(document.adoptNode(fresh));
  } catch {
    // the page tells already that the network is away; the next change tries again
  }
  renewedMs = Date.now();
  renewal = 0;
}

function put(fresh) {
  const old = document.getElementById('history');
  const listed = fresh.querySelector('.listed');
  if (listed && old.querySelector('.listed')?.open) listed.open = true;
  if (!old.contains(document.activeElement)) old.replaceWith(fresh);
}

run?.addEventListener('submit', chosen);
run?.addEventListener('click', (event) => {
  if (event.target.closest('button')) chosen(event);
});
begin(draw);
