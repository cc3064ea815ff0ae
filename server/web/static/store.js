// What the page knows: the last snapshot with every change since, the server's clock, and what was asked here and is not yet done.

import { isOpen } from './words.js';

const ANSWER_WITHIN_MS = 20_000;
const GRACE_MS = 15_000;
const NOTICE_MS = 60_000;

export class Store {
  sites = [];
  devices = [];
  favourites = [];
  link = 'up';
  #offsetMs = 0;
  #asked = new Map();
  #notices = new Map();

  nowMs() {
    return Date.now() + this.#offsetMs;
  }

  hear(kind, data) {
    if (data.now_ms) this.#offsetMs = data.now_ms - Date.now();
    if (kind === 'snapshot') {
      ({ sites: this.sites, devices: this.devices, favourites: this.favourites, link: this.link } = data);
      this.devices.forEach((device) => device.channels.forEach((channel) => this.#settle(channel)));
    } else if (kind === 'device') {
      this.devices = replaced(this.devices, data);
      data.channels.forEach((channel) => this.#settle(channel));
    } else if (kind === 'channel') {
      const device = this.devices.find((it) => it.id === data.device);
      if (device) device.channels = replaced(device.channels, data);
      this.#settle(data);
    } else if (kind === 'link') {
      this.link = data.link;
    }
  }

  find(deviceId, channelId) {
    const device = this.devices.find((it) => it.id === deviceId);
    const channel = device?.channels.find((it) => it.id === channelId);
    return channel && { device, channel, site: this.sites.find((it) => it.id === device.site) };
  }

  // The channel with what was asked here laid over it: that a wish is under way, never its result. Without an actor: it is the reader's.
  shown(channel) {
    const asked = this.#asked.get(keyOf(channel));
    if (!asked) return channel;
    const told = channel.command?.id === asked.command.id ? channel.command : asked.command;
    const fate = told.id ? 'published' : 'accepted';
    return { ...channel, command: { ...told, actor: undefined, fate, expires_ms: asked.untilMs } };
  }

  // Why a tap was not sent. It is said for a while only: what stood in its way may not stand there any more.
  noticeFor(channel) {
    const { text, untilMs } = this.#notices.get(keyOf(channel)) ?? {};
    return Date.now() < untilMs ? text : undefined;
  }

  ask(channel, on) {
    this.#notices.delete(keyOf(channel));
    const nowMs = this.nowMs();
    const command = { id: null, on, created_ms: nowMs, published_ms: null, answered_ms: null, settled_ms: null };
    this.#asked.set(keyOf(channel), { command, untilMs: nowMs + ANSWER_WITHIN_MS });
  }

  // The server's answer to what was asked here. The switch stays: only the device's word moves it.
  answered(channel, command) {
    const asked = this.#asked.get(keyOf(channel));
    if (!asked) return;
    asked.command = command;
    asked.untilMs = Math.max(asked.untilMs, command.expires_ms);
    const now = this.find(channel.device, channel.id)?.channel;
    if (!now) return;
    const failed = !isOpen(command) && command.fate !== 'applied';
    if (failed && !(now.command?.id > command.id)) now.command = command;
    this.#settle(now);
  }

  refuse(channel, text) {
    this.#asked.delete(keyOf(channel));
    this.#notices.set(keyOf(channel), { text, untilMs: Date.now() + NOTICE_MS });
  }

  // Whether something asked here has waited too long for any word; it is then forgotten, and the truth must be fetched.
  giveUp() {
    const late = [...this.#asked].filter(([, asked]) => this.nowMs() > asked.untilMs + GRACE_MS);
    late.forEach(([key]) => this.#asked.delete(key));
    return late.length > 0;
  }

  // Ids sort by when they were made: a settled command that is ours or later ends the waiting.
  #settle(channel) {
    const asked = this.#asked.get(keyOf(channel));
    const command = channel.command;
    if (asked?.command.id && command?.id >= asked.command.id && !isOpen(command)) this.#asked.delete(keyOf(channel));
  }
}

function keyOf(channel) {
  return `${channel.device}/${channel.id}`;
}

function replaced(list, item) {
  return list.some((it) => it.id === item.id) ? list.map((it) => (it.id === item.id ? item : it)) : [...list, item];
}
