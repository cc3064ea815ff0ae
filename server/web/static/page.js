// Draws what the store knows into the page that the server rendered: what is shown where. One card is drawn by cards.js.

import { arrange, copyOf, drawCard, flag, newCard, write } from './cards.js';
import { matches, plain } from './search.js';
import { presenceText, t } from './words.js';

const HANDFUL = 6;
const REVOKED_SHOWN_MS = 24 * 3_600_000;
const DOT = ' · ';

const part = (id) => document.getElementById(id);

// link: what may still be said of the devices. query: what is searched for; without one every device is shown, also an empty one.
export function draw(store, link, query) {
  const there = store.devices.filter((device) => !isGone(device, store.nowMs()));
  const items = found(store, there, query);
  const liked = store.favourites.map((key) => items.find((item) => item.key === key)).filter(Boolean);
  drawFavourites(liked, store, link);
  const rest = items.filter((item) => !liked.includes(item));
  const everything = plain(query) === '';
  const devices = there.filter((device) => everything || rest.some((item) => item.device === device));
  const sites = store.sites.filter((site) => devices.some((device) => device.site === site.id));
  arrange(part('sites'), sites, 'site', newSite, (section, site) => {
    drawSite(section, site, [there, devices].map((all) => all.filter((device) => device.site === site.id)), rest, store, link);
  });
  part('search').hidden = there.reduce((sum, device) => sum + device.channels.length, 0) <= HANDFUL && everything;
  part('nothing').hidden = sites.length + liked.length > 0 || everything;
  part('empty').hidden = there.length > 0 || !everything;
}

// As home.py has it.
function isGone(device, nowMs) {
  return device.presence === 'revoked' && nowMs - device.presence_ms > REVOKED_SHOWN_MS;
}

function found(store, there, query) {
  const sites = new Map(store.sites.map((site) => [site.id, site]));
  const items = there.filter((device) => sites.has(device.site)).flatMap((device) => {
    const site = sites.get(device.site);
    const where = device.name + (store.sites.length > 1 ? DOT + site.name : '');
    return device.channels.map((channel) => ({ id: channel.id, key: `${device.id}/${channel.id}`, channel, device, site, where }));
  });
  return items.filter(({ channel, device, site }) => matches(query, channel.name, device.name, site.name));
}

function drawFavourites(liked, store, link) {
  part('favourites').hidden = liked.length === 0;
  drawCards(part('favourites'), liked, store, link);
}

function drawSite(section, site, [all, devices], items, store, link) {
  write(section.querySelector('.site-link') ?? section.querySelector('.site-name'), site.name);
  write(section.querySelector('.role'), t(`role.${site.role}`));
  const outputs = all.some((device) => device.channels.some((channel) => channel.kind === 'output'));
  section.querySelector('.all-off').hidden = !outputs || !['owner', 'operator'].includes(site.role);
  arrange(section, devices, 'device', (device) => newDevice(device, site), (element, device) => {
    drawDevice(element, device, site, items.filter((item) => item.device === device), store, link);
  });
}

function drawDevice(section, device, site, items, store, link) {
  flag(section, 'data-presence', link === 'up' ? device.presence : 'unknown');
  write(section.querySelector('.device-link') ?? section.querySelector('.device-name'), device.name);
  write(section.querySelector('.presence'), presenceText(device, link, store.nowMs(), site.timezone));
  section.querySelector('.no-channels').hidden = device.channels.length > 0;
  drawCards(section, items, store, link);
}

function drawCards(section, items, store, link) {
  const liked = section.id === 'favourites';
  arrange(section.querySelector('.cards'), items, 'key', (item) => newCard(item, liked), (card, item) => drawCard(card, item, store, link));
}

function newSite(site) {
  const section = copyOf('site-template', '.site');
  section.dataset.site = site.id;
  const link = section.querySelector('.site-link');
  if (site.role === 'guest') link.replaceWith(site.name);
  else link.href = `/sites/${encodeURIComponent(site.slug)}`;
  section.querySelector('.all-off').href = `/sites/${encodeURIComponent(site.slug)}/all-off`;
  return section;
}

function newDevice(device, site) {
  const section = copyOf('device-template', '.device');
  section.dataset.device = device.id;
  const link = section.querySelector('.device-link');
  if (site.role === 'guest') link.replaceWith(device.name);
  else link.href = `/devices/${encodeURIComponent(device.id)}`;
  section.querySelector('.cards').replaceChildren();
  return section;
}
