// One card for each channel, and how elements are kept in the order of what they show. Names are untrusted: text only, never markup.

import { view } from './words.js';

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function flag(element, name, value) {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function around(device, site, link, nowMs) {
  return { nowMs, link, presence: device.presence, role: site.role, timezone: site.timezone };
}

export function copyOf(template, selector) {
  return document.getElementById(template).content.querySelector(selector).cloneNode(true);
}

// One child for each item, in the items' order, kept as it is where it was there before. kind: which of its data names an item.
export function arrange(parent, items, kind, make, fill) {
  const nameOf = (item) => item[kind] ?? item.id;
  const present = new Map([...parent.children].filter((it) => it.dataset[kind]).map((it) => [it.dataset[kind], it]));
  let before = null;
  for (const item of items) {
    const element = present.get(nameOf(item)) ?? make(item);
    present.delete(nameOf(item));
    const place = before ? before.nextElementSibling : [...parent.children].find((it) => it.dataset[kind]) ?? null;
    if (place !== element) parent.insertBefore(element, before ? before.nextSibling : place);
    fill(element, item);
    before = element;
  }
  present.forEach((element) => element.remove());
}

export function drawCard(card, { channel, device, site, where }, store, link) {
  const seen = around(device, site, link, store.nowMs());
  const seenNow = view(store.shown(channel), seen);
  flag(card, 'data-look', seenNow.look);
  flag(card, 'data-on', seenNow.checked);
  flag(card, 'data-wanted', seenNow.wanted);
  const place = card.querySelector('.where');
  if (place) write(place, where);
  write(card.querySelector('.name-link') ?? card.querySelector('.name'), channel.name);
  flag(card.querySelector('.icon use'), 'href', `#i-${iconOf(channel)}`);
  write(card.querySelector('.word'), seenNow.word);
  write(card.querySelector('.told'), seenNow.told);
  const own = store.noticeFor(channel);
  write(card.querySelector('.notice'), own ?? seenNow.notice);
  flag(card, 'data-failed', own ? true : seenNow.failed);
  drawRing(card.querySelector('.ring'), seenNow.lease);
  card.querySelector('relay-switch')?.show?.(seenNow);
  const tile = card.querySelector('reading-tile');
  if (tile) write(tile, seenNow.look === 'reading' ? seenNow.word : '–');
}

// The part that is left of a lease's time; the same time stands in words beside it.
function drawRing(ring, lease) {
  ring.toggleAttribute('hidden', !lease);
  if (!lease) return;
  const [left, whole] = lease;
  flag(ring.querySelector('.ring-left'), 'stroke-dasharray', `${Math.floor((left * 1000) / whole)} 1000`);
}

// The wiring may name a picture that there is not.
function iconOf(channel) {
  return document.getElementById(`i-${channel.icon}`) ? channel.icon : 'socket';
}

export function newCard({ key, channel, site }, liked) {
  const card = copyOf('device-template', '.card');
  const id = `${channel.device}-${channel.id}`;
  card.dataset.key = key;
  card.dataset.channel = channel.id;
  const name = card.querySelector('.name');
  name.id = `name-${id}`;
  name.querySelector('a').href = `/devices/${encodeURIComponent(channel.device)}/channels/${encodeURIComponent(channel.id)}`;
  if (liked) addWhere(name);
  card.querySelector('.state').id = `state-${id}`;
  const button = card.querySelector('button');
  button.setAttribute('aria-labelledby', `name-${id}`);
  button.setAttribute('aria-describedby', `state-${id}`);
  if (channel.kind === 'sensor') {
    const tile = document.createElement('reading-tile');
    tile.className = 'reading';
    tile.setAttribute('aria-hidden', 'true');
    card.querySelector('relay-switch').replaceWith(tile);
  } else if (channel.kind !== 'output' || site.role === 'viewer') {
    const picture = document.createElement('span');
    picture.className = channel.kind === 'output' ? 'switch' : 'switch input';
    picture.append(...button.childNodes);
    card.querySelector('relay-switch').replaceWith(picture);
  }
  return card;
}

// Among the favourites a card stands alone: it says of which device it is.
function addWhere(name) {
  name.setAttribute('aria-level', '3');
  const where = document.createElement('p');
  where.className = 'where';
  name.before(where);
}
