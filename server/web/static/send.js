// A command to the server. A retry carries the same key, so that one tap is one command.

import { first } from './words.js';

const PATIENCE_MS = 8000;
const BY_STATUS = { 403: 'forbidden', 404: 'not_found', 429: 'too_many' };

// forS: off again after so many seconds, null for as long as the device lets it.
// → {command} | {why: a sentence's second half} | {signedOut: true} | {lost: true}
export async function send(channel, on, forS = null) {
  const address = `/api/v1/devices/${encodeURIComponent(channel.device)}/channels/${encodeURIComponent(channel.id)}/commands`;
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomKey() };
  const request = { method: 'POST', headers, body: JSON.stringify(forS === null ? { on } : { on, for_s: forS }), credentials: 'same-origin' };
  let answer;
  try {
    answer = await patiently(address, request).catch(() => patiently(address, request));
  } catch {
    return { lost: true };
  }
  if (answer.status === 401) return { signedOut: true };
  if (answer.ok && answer.content.id) return { command: answer.content };
  return { why: why(answer.status, answer.content.code) };
}

// A code of the server's own faults must not be read as one of the device's.
function why(status, code) {
  const fallback = BY_STATUS[status] ?? (status >= 500 ? 'server' : 'other');
  const told = status === 404 || status === 409 || code === 'link_down';
  return told ? first(`reason.${code}`, `reason.${fallback}`) : first(`reason.${fallback}`);
}

// The whole answer, within the time: a link can break down between its head and its body.
async function patiently(address, request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(address, { ...request, signal: stop.signal });
    return { status: answer.status, ok: answer.ok, content: parsed(await answer.text()) };
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

// crypto.randomUUID is not there on plain http, as in a village's own network.
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
