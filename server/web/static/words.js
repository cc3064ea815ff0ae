// A channel in words: the same rules as words.py on the server, so that nothing changes when scripts take over.

const DOT = ' · ';
const GRACE_MS = 15_000;
const FAILURE_SHOWN_MS = 600_000;
const MEASURED_MS = 900_000;

let texts = {};

export function learn(words) {
  texts = words;
}

export function t(key, places = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => places[name]);
}

export function first(...keys) {
  return t(keys.find((key) => key in texts));
}

// `14:02`, or with the day when that is not today's, in the site's zone.
export function clockTime(atMs, nowMs, timezone) {
  return clock(atMs, nowMs, timezone, (at) => `${at.hour}:${at.minute}`);
}

export function clockSecond(atMs, nowMs, timezone) {
  return clock(atMs, nowMs, timezone, (at) => `${at.hour}:${at.minute}:${at.second}`);
}

function clock(atMs, nowMs, timezone, timeOf) {
  const [at, now] = [digits(atMs, timezone), digits(nowMs, timezone)];
  const time = timeOf(at);
  const [day, today] = [at, now].map((it) => `${it.day}/${it.month}/${it.year}`);
  return day === today ? time : `${time} ${day}`;
}

const formats = new Map();

function digits(ms, timezone) {
  const format = formats.get(timezone) ?? formatFor(timezone);
  formats.set(timezone, format);
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
}

function formatFor(timezone) {
  const how = { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit', day: '2-digit', month: '2-digit', year: 'numeric' };
  try {
    return new Intl.DateTimeFormat('en-GB', { ...how, timeZone: timezone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...how, timeZone: 'UTC' });
  }
}

export function age(atMs, nowMs) {
  const seconds = Math.floor(Math.max(0, nowMs - atMs) / 1000);
  if (seconds < 10) return t('age.now');
  for (const [unit, size, below] of [['seconds', 1, 60], ['minutes', 60, 3600], ['hours', 3600, 86_400]]) {
    if (seconds < below) return t(`age.${unit}`, { n: Math.floor(seconds / size) });
  }
  return t('age.days', { n: Math.floor(seconds / 86_400) });
}

export function left(untilMs, nowMs) {
  const seconds = Math.ceil((untilMs - nowMs) / 1000);
  const [hours, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours >= 24) return t('left.days', { days: Math.floor(hours / 24), hours: hours % 24 });
  const two = (number) => String(number).padStart(2, '0');
  return hours ? `${hours}:${two(minute)}:${two(second)}` : `${minute}:${two(second)}`;
}

// around: {nowMs, link, presence, role, timezone}
export function view(channel, around) {
  const look = lookOf(channel, around);
  const asks = asksOf(channel, around, look);
  const notice = channel.command ? noticeOf(channel.command, channel, around) : '';
  return {
    look,
    word: wordOf(channel, look, around.presence),
    told: toldOf(channel, around, look, asks),
    notice,
    failed: notice !== '' && ['rejected', 'expired'].includes(channel.command.fate),
    checked: channel.on === true,
    wanted: Boolean(channel.command?.on),
    asks,
    lease: look === 'on' ? leaseOf(channel, around) : null,
  };
}

export function presenceText(device, link, nowMs, timezone) {
  if (link !== 'up') return t('presence.unknown');
  if (device.presence !== 'offline' || device.presence_ms === null) return t(`presence.${device.presence}`);
  return t('presence.offline_since', { time: clockTime(device.presence_ms, nowMs, timezone) });
}

// Why a tap that cannot be sent is refused.
export function refusal(channel, around) {
  if (around.link !== 'up' || around.presence === 'unknown') return t('notice.link_down');
  if (around.presence === 'offline') return t('notice.offline');
  if (around.presence === 'revoked') return t('presence.revoked');
  return channel.locked ? t('notice.locked') : '';
}

export function failure(wish, why) {
  return t(`notice.failed_${wish ? 'on' : 'off'}`, { why });
}

export function lookOf(channel, around) {
  const command = channel.command;
  if (around.link !== 'up' || around.presence === 'unknown') return 'unknown';
  if (['offline', 'revoked'].includes(around.presence)) return 'offline';
  if (channel.value !== null) return around.nowMs - channel.value_ms < MEASURED_MS ? 'reading' : 'unknown';
  if (command && isOpen(command)) return around.nowMs < command.expires_ms + GRACE_MS ? 'pending' : 'unknown';
  if (channel.on === null || (command && inDoubt(command, channel))) return 'unknown';
  return channel.on ? 'on' : 'off';
}

export function isOpen(command) {
  return command.fate === 'accepted' || command.fate === 'published';
}

function asksOf(channel, around, look) {
  const reachable = around.link === 'up' && around.presence === 'online';
  const usable = channel.kind === 'output' && around.role !== 'viewer' && !channel.locked && reachable;
  if (!usable || ['pending', 'offline', 'reading'].includes(look)) return null;
  return look === 'off';
}

// `24,3 °C`, `62,0%`, from a hundred on without a fraction.
export function measure(value, unit) {
  const digits = Math.abs(value) >= 100 ? 0 : 1;
  const rounded = Math.floor(value * 10 ** digits + 0.5) / 10 ** digits;
  return rounded.toFixed(digits).replace('.', t('look.decimal')) + (unit === '%' ? '' : '\u00a0') + unit;
}

function wordOf(channel, look, presence) {
  if (look === 'reading') return measure(channel.value, channel.unit);
  if (channel.kind === 'sensor' && look === 'unknown' && channel.on === null && channel.value === null) return t('look.sensor');
  return look === 'on' || look === 'off' ? stateWord(channel) : t(look === 'offline' ? `presence.${presence}` : `look.${look}`);
}

export function stateWord(channel) {
  const pair = { contact: ['open', 'closed'], button: ['released', 'pressed'] }[channel.kind] ?? ['off', 'on'];
  return t(`look.${pair[Number(Boolean(channel.on))]}`);
}

function toldOf(channel, around, look, asks) {
  if (look === 'reading') return age(channel.value_ms, around.nowMs);
  if (look === 'on' || look === 'off') return history(channel, around);
  if (look !== 'pending') return dotted([...last(channel, around), asks === false ? t('told.tap_off') : '']).trim();
  const step = channel.command.fate === 'published' ? 'sent' : 'sending';
  return t(`told.${step}_${channel.command.on ? 'on' : 'off'}`);
}

function dotted(parts) {
  return parts.filter(Boolean).map((part) => DOT + part).join('');
}

function last(channel, around) {
  if (channel.value !== null) {
    return [t('told.last', { word: measure(channel.value, channel.unit), age: age(channel.value_ms, around.nowMs) })];
  }
  if (channel.kind === 'sensor' && channel.on === null) return [];
  if (channel.told_ms === null) return [t('told.never')];
  if (channel.on === null) return [t('told.unreadable')];
  const word = stateWord(channel).toLocaleUpperCase('vi');
  const parts = [t('told.last', { word, age: age(channel.told_ms, around.nowMs) })];
  if (channel.on && channel.lease_until_ms) {
    parts.push(t('told.ends', { time: clockTime(channel.lease_until_ms, around.nowMs, around.timezone) }));
  }
  return parts;
}

function history(channel, around) {
  let by = channel.cause === 'command' ? who(channel.actor) : null;
  if (!by && channel.cause) by = first(`cause.${channel.cause}`, 'cause.other');
  const since = channel.since_ms !== null;
  const from = since ? t('told.since', { time: clockTime(channel.since_ms, around.nowMs, around.timezone) }) : '';
  const text = dotted([from, by, remaining(channel, around), channel.locked ? t('told.locked') : '']);
  return since ? text.slice(DOT.length) : text.trim();
}

export function remaining(channel, around) {
  const untilMs = channel.lease_until_ms;
  if (!channel.on || untilMs === null) return '';
  return untilMs > around.nowMs ? t('told.left', { left: left(untilMs, around.nowMs) }) : t('told.due');
}

// A person's name as it is; of a guest also that they are one.
export function who(actor) {
  return actor?.startsWith('guest:') ? t('told.guest', { name: actor.slice(6) }) : actor;
}

function leaseOf(channel, around) {
  const [since, until] = [channel.since_ms, channel.lease_until_ms];
  if (since === null || until === null || until <= around.nowMs || since >= until) return null;
  return [Math.ceil((until - around.nowMs) / 1000), Math.ceil((until - since) / 1000)];
}

export function noticeOf(command, channel, around) {
  const wish = command.on ? 'on' : 'off';
  switch (command.fate) {
    case 'waiting':
      return t(`notice.waiting_${wish}`, { time: clockTime(command.expires_ms, around.nowMs, around.timezone) });
    case 'unconfirmed':
      return inDoubt(command, channel) ? t(`notice.unconfirmed_${wish}`) : '';
    case 'rejected':
    case 'expired':
      return recent(command, channel, around) ? failure(command.on, why(command)) : '';
    case 'cancelled':
      return recent(command, channel, around) ? t('notice.cancelled') : '';
    case 'applied':
      return command.clamped && channel.on && leaseOf(channel, around) ? t('notice.clamped') : '';
    default:
      return '';
  }
}

export function inDoubt(command, channel) {
  return command.fate === 'unconfirmed' && (channel.told_ms ?? 0) <= (command.settled_ms ?? command.expires_ms);
}

function recent(command, channel, around) {
  const settled = command.settled_ms ?? command.expires_ms;
  return around.nowMs - settled < FAILURE_SHOWN_MS && (channel.since_ms ?? 0) <= settled;
}

export function why(command) {
  if (command.reason === 'too_soon' && command.retry_after_ms) {
    return t('reason.too_soon_in', { n: Math.ceil(command.retry_after_ms / 1000) });
  }
  return first(`reason.${command.reason ?? command.fate}`, 'reason.other');
}
