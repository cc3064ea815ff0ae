// Draws what the store knows into the page that the server rendered. Names are untrusted: text only, never markup.

import { stepsOf } from './steps.js';
import { presenceText, t, view } from './words.js';

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

export function draw(store, link) {
  const sites = store.sites.filter((site) => store.devices.some((device) => device.site === site.id));
  arrange(document.getElementById('sites'), sites, 'site', newSite, (section, site) => drawSite(section, site, store, link));
  document.getElementById('empty').hidden = sites.length > 0;
}

function drawSite(section, site, store, link) {
  write(section.querySelector('.site-name'), site.name);
  write(section.querySelector('.role'), t(`role.${site.role}`));
  const devices = store.devices.filter((device) => device.site === site.id);
  arrange(section, devices, 'device', newDevice, (element, device) => drawDevice(element, device, site, store, link));
}

function drawDevice(section, device, site, store, link) {
  const nowMs = store.nowMs();
  flag(section, 'data-presence', link === 'up' ? device.presence : 'unknown');
  write(section.querySelector('.device-name'), device.name);
  write(section.querySelector('.presence'), presenceText(device, link, nowMs, site.timezone));
  section.querySelector('.no-channels').hidden = device.channels.length > 0;
  const seen = around(device, site, link, nowMs);
  const make = (channel) => newCard(channel, site);
  arrange(section.querySelector('.cards'), device.channels, 'channel', make, (card, channel) => drawCard(card, channel, seen, store));
}

function drawCard(card, channel, seen, store) {
  const seenNow = view(store.shown(channel), seen);
  flag(card, 'data-look', seenNow.look);
  flag(card, 'data-on', seenNow.checked);
  flag(card, 'data-wanted', seenNow.wanted);
  write(card.querySelector('.name'), channel.name);
  flag(card.querySelector('.icon use'), 'href', `#i-${iconOf(channel)}`);
  write(card.querySelector('.word'), seenNow.word);
  write(card.querySelector('.told'), seenNow.told);
  const own = store.noticeFor(channel);
  write(card.querySelector('.notice'), own ?? seenNow.notice);
  flag(card, 'data-failed', own ? true : seenNow.failed);
  drawSteps(card.querySelector('.steps'), store.shown(channel).command, seen);
  drawRing(card.querySelector('.ring'), seenNow.lease);
  card.querySelector('relay-switch')?.show?.(seenNow);
}

// The part that is left of a lease's time; the same time stands in words beside it.
function drawRing(ring, lease) {
  ring.toggleAttribute('hidden', !lease);
  if (!lease) return;
  const [left, whole] = lease;
  flag(ring.querySelector('.ring-left'), 'stroke-dasharray', `${Math.floor((left * 1000) / whole)} 1000`);
}

function drawSteps(details, command, seen) {
  details.hidden = !command;
  const texts = command ? stepsOf(command, seen.nowMs, seen.timezone) : [];
  const list = details.querySelector('ol');
  while (list.children.length > texts.length) list.lastElementChild.remove();
  while (list.children.length < texts.length) list.append(document.createElement('li'));
  texts.forEach((text, index) => write(list.children[index], text));
}

// One child for each item, in the items' order, kept as it is where it was there before.
function arrange(parent, items, kind, make, fill) {
  const present = new Map([...parent.children].filter((it) => it.dataset[kind]).map((it) => [it.dataset[kind], it]));
  let before = null;
  for (const item of items) {
    const element = present.get(item.id) ?? make(item);
    present.delete(item.id);
    const place = before ? before.nextElementSibling : [...parent.children].find((it) => it.dataset[kind]) ?? null;
    if (place !== element) parent.insertBefore(element, before ? before.nextSibling : place);
    fill(element, item);
    before = element;
  }
  present.forEach((element) => element.remove());
}

function copyOf(template, selector) {
  return document.getElementById(template).content.querySelector(selector).cloneNode(true);
}

function newSite(site) {
  const section = copyOf('site-template', '.site');
  section.dataset.site = site.id;
  const role = section.querySelector('.role');
  if (site.role === 'guest') role.removeAttribute('href');
  else role.href = `/sites/${encodeURIComponent(site.slug)}`;
  return section;
}

function newDevice(device) {
  const section = copyOf('device-template', '.device');
  section.dataset.device = device.id;
  section.querySelector('.cards').replaceChildren();
  return section;
}

// The wiring may name a picture that there is not.
function iconOf(channel) {
  return document.getElementById(`i-${channel.icon}`) ? channel.icon : 'socket';
}

function newCard(channel, site) {
  const card = copyOf('device-template', '.card');
  const key = `${channel.device}-${channel.id}`;
  card.dataset.channel = channel.id;
  card.querySelector('.name').id = `name-${key}`;
  card.querySelector('.state').id = `state-${key}`;
  const button = card.querySelector('button');
  button.setAttribute('aria-labelledby', `name-${key}`);
  button.setAttribute('aria-describedby', `state-${key}`);
  if (channel.kind !== 'output' || site.role === 'viewer') {
    const picture = document.createElement('span');
    picture.className = 'switch';
    picture.append(...button.childNodes);
    card.querySelector('relay-switch').replaceWith(picture);
  }
  return card;
}
