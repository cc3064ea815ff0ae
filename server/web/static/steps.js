// The steps of a channel's latest command: the same rules as steps.py on the server.

import { clockSecond, t, who, why } from './words.js';

export function stepsOf(command, nowMs, timezone) {
  const at = (ms, text) => `${clockSecond(ms, nowMs, timezone)} ${text}`;
  const wish = command.on ? 'on' : 'off';
  // what was asked here has no actor yet: it is the reader's own
  const actor = command.actor === undefined ? t('why.you') : who(command.actor) || t('step.somebody');
  const steps = [at(command.created_ms, t(`step.asked_${wish}`, { actor }))];
  if (command.published_ms !== null) steps.push(at(command.published_ms, t('step.sent')));
  if (command.answered_ms !== null) steps.push(at(command.answered_ms, t('step.received')));
  const end = endOf(command, wish);
  if (end) steps.push(command.settled_ms !== null ? at(command.settled_ms, end) : end);
  return steps;
}

function endOf(command, wish) {
  switch (command.fate) {
    case 'applied':
      return t(`step.${command.changed ? 'done' : 'already'}_${wish}`);
    case 'rejected':
      return t('step.rejected', { why: why(command) });
    case 'accepted':
    case 'published':
      return '';
    default:
      return t(`step.${command.fate}`);
  }
}
