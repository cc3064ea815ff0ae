// The sheet that asks before something happens. What it asks is on the page already, or comes from the server as a page of its own.

import { t } from './words.js';

const sheet = document.getElementById('sheet');
let turn = 0;

// Asks in words that the page holds, with the name of what it is about: whether the answer was yes.
export function sure(question) {
  sheet.replaceChildren(document.getElementById('ask-template').content.cloneNode(true));
  sheet.querySelector('#question').textContent = question;
  return new Promise((resolve) => {
    let answer = false;
    sheet.querySelector('[data-yes]').addEventListener('click', () => {
      answer = true;
      sheet.close();
    });
    sheet.addEventListener('close', function closed() {
      if (sheet.open) return; // the word of a former question's end, come late
      sheet.removeEventListener('close', closed);
      resolve(answer);
    });
    open();
  });
}

// Shows the question of another page of this server here, and what it says to the answer.
export async function ask(address) {
  say(t('sheet.loading'));
  open();
  await show(address, {});
}

function open() {
  turn += 1;
  sheet.showModal();
}

// What comes after the sheet was closed is for no other question that is asked by then.
async function show(address, request) {
  const mine = turn;
  const over = () => mine !== turn || !sheet.open;
  try {
    const answer = await fetch(address, { ...request, headers: { Accept: 'text/html' }, credentials: 'same-origin' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (over()) return;
    const part = page.querySelector('[data-sheet]');
    if (part) tell(part);
    else location.assign(answer.redirected ? answer.url : address);
  } catch {
    if (!over()) say(t('sheet.lost'));
  }
}

function tell(part) {
  sheet.replaceChildren(...document.adoptNode(part).childNodes);
  sheet.querySelector('[data-close]')?.focus();
}

function say(text) {
  const heading = document.createElement('h2');
  heading.id = 'question';
  heading.textContent = text;
  const close = document.createElement('button');
  close.className = 'plain-button';
  close.dataset.close = '';
  close.textContent = t('sheet.close');
  sheet.replaceChildren(heading, close);
}

sheet.addEventListener('click', (event) => {
  if (event.target !== sheet && !event.target.closest('[data-close]')) return;
  event.preventDefault();
  sheet.close();
});

sheet.addEventListener('submit', (event) => {
  event.preventDefault();
  const { action, method } = event.target;
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  say(t('sheet.sending'));
  show(action, { method, body });
});
