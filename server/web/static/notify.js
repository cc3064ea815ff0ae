// This phone's own notifications, on the account page. The browser's permission is asked for on a tap, never before.

const part = document.querySelector('[data-push]');
const [on, off, install] = ['on', 'off'].map((name) => part?.querySelector(`[data-push-${name}]`)).concat(part?.querySelector('[data-install]'));
const PATH = '/account/notifications/push';

if (part) begin();

async function begin() {
  window.addEventListener('beforeinstallprompt', offerToInstall);
  const workers = navigator.serviceWorker;
  if (!workers || !window.PushManager || !window.Notification) return say('unsupported');
  try {
    await workers.register('/sw.js', { updateViaCache: 'none' });
  } catch {
    return say('failed'); // also where the page is left at once
  }
  const { pushManager } = await workers.ready;
  const known = await pushManager.getSubscription();
  const subscribed = known !== null && part.dataset.own === 'true';
  off.hidden = !subscribed;
  on.hidden = subscribed || Notification.permission === 'denied';
  if (Notification.permission === 'denied') say('denied');
  on.addEventListener('click', () => attempt(on, () => turnOn(pushManager)));
  off.addEventListener('click', () => attempt(off, () => turnOff(pushManager)));
  if (subscribed) post(PATH, known.toJSON()); // the server learns the language of now, and a new address if the browser chose one
}

function offerToInstall(event) {
  event.preventDefault();
  install.hidden = false;
  install.addEventListener('click', () => event.prompt(), { once: true });
  window.addEventListener('appinstalled', () => (install.hidden = true));
}

async function attempt(button, act) {
  button.disabled = true;
  say('');
  try {
    await act();
  } catch {
    say('failed');
  }
  button.disabled = false;
}

async function turnOn(pushManager) {
  if ((await Notification.requestPermission()) !== 'granted') return say('denied');
  const former = await pushManager.getSubscription();
  if (former) await former.unsubscribe(); // somebody else's who was here, or made for another key
  const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: part.dataset.key });
  const answer = await post(PATH, subscription.toJSON());
  if (answer.ok) return location.assign('/account?done=notices_added#notifications');
  await subscription.unsubscribe();
  const { code } = await answer.json().catch(() => ({}));
  return say({ too_many_ways: 'many', push_refused: 'service' }[code] ?? 'failed');
}

async function turnOff(pushManager) {
  const subscription = await pushManager.getSubscription();
  if (subscription) await post(`${PATH}/off`, { endpoint: subscription.endpoint });
  await subscription?.unsubscribe();
  location.assign('/account?done=notices_removed#notifications');
}

function say(what) {
  const place = part.querySelector('[role="status"]');
  place.textContent = what ? part.getAttribute(`data-say-${what}`) : '';
  place.hidden = !what;
}

function post(path, body) {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin' });
}
