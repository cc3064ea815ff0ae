// Why a channel is as it is, in one sentence, and what happens to it next: the same rules as why.py on the server.

import { age, clockTime, first, inDoubt, isOpen, left, lookOf, measure, noticeOf, stateWord, t, who } from './words.js';

export function whySo(channel, around, presenceMs) {
  const look = lookOf(channel, around);
  if (look === 'pending') return pending(channel.command);
  if (look === 'reading') return measured(channel, around);
  return look === 'on' || look === 'off' ? known(channel, around) : unknown(channel, around, presenceMs);
}

export function whatNext(channel, around) {
  const following = [];
  const { lease_until_ms: until, command } = channel;
  if (channel.on && until !== null && until > around.nowMs) {
    const places = { time: at(until, around), left: left(until, around.nowMs) };
    following.push(t(lookOf(channel, around) === 'on' ? 'next.lease' : 'next.lease_alone', places));
  }
  if (command?.fate === 'waiting') following.push(noticeOf(command, channel, around));
  return following;
}

function at(ms, around) {
  return clockTime(ms, around.nowMs, around.timezone);
}

// What was asked here has no actor yet: it is the reader's own.
function pending(command) {
  const actor = command.actor === undefined ? t('why.you') : who(command.actor) || t('why.somebody');
  return t(`why.pending_${command.on ? 'on' : 'off'}`, { actor });
}

function measured(channel, around) {
  return t('why.measured', { value: measure(channel.value, channel.unit), age: age(channel.value_ms, around.nowMs) });
}

function known(channel, around) {
  const places = { word: stateWord(channel), by: by(channel), rest: rest(channel, around) };
  if (channel.since_ms === null) return t('why.is', places);
  return t('why.since', { time: at(channel.since_ms, around), ...places });
}

function by({ cause, actor }) {
  if (!cause) return t('why.by_nothing');
  return cause === 'command' && actor ? t('why.by_actor', { actor: who(actor) }) : first(`why.by_${cause}`, 'why.by_other');
}

function rest(channel, around) {
  const until = channel.lease_until_ms;
  if (!channel.on || until === null) return '';
  return until > around.nowMs ? t('why.left', { left: left(until, around.nowMs) }) : t('why.due');
}

function unknown(channel, around, presenceMs) {
  const reason = reasonOf(channel, around, presenceMs);
  if (channel.value !== null) {
    const word = measure(channel.value, channel.unit);
    return t('why.last', { reason, word, age: age(channel.value_ms, around.nowMs), end: '' });
  }
  if (channel.told_ms === null) return t('why.never', { reason });
  if (channel.on === null) return t('why.unread', { reason });
  const word = stateWord(channel).toLocaleUpperCase('vi');
  return t('why.last', { reason, word, age: age(channel.told_ms, around.nowMs), end: end(channel, around) });
}

function reasonOf(channel, around, presenceMs) {
  const { command } = channel;
  if (around.link === 'down') return t('why.link_down');
  if (around.presence === 'revoked') return t('why.revoked');
  if (around.presence === 'offline') {
    return presenceMs === null ? t('why.offline') : t('why.offline_since', { time: at(presenceMs, around) });
  }
  if (around.presence === 'online' && command && (isOpen(command) || inDoubt(command, channel))) {
    return t(`why.unanswered_${command.on ? 'on' : 'off'}`, { time: at(command.created_ms, around) });
  }
  return t(around.presence === 'unknown' ? 'why.unheard' : 'why.unknown');
}

function end(channel, around) {
  const until = channel.lease_until_ms;
  if (!channel.on || until === null) return '';
  return t(until > around.nowMs ? 'why.ends' : 'why.ended', { time: at(until, around) });
}
