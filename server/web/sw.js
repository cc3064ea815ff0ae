// The page's worker. Without a network it opens the page with what was last known on this phone, marked as old; and it shows what is pushed.
// It keeps the files of one version and that one state, nothing else: no answer of the API, no other page, and nothing that is sent.
// The server puts VERSION, FILES, LANGUAGES, ICON and BADGE before this.

const SHELL = `shell-${VERSION}`;
const STATE = 'state';
const LONGEST_WAIT_MS = 10_000;
const WHO_CHANGES = ['/sign-in', '/sign-out', '/passkeys/sign-in', '/account/erase', '/account/sessions', '/invitations/', '/guest/'];

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => event.data?.keep && event.waitUntil(keep(event.data.keep)));
self.addEventListener('push', (event) => event.waitUntil(show(event.data?.json() ?? {})));
self.addEventListener('notificationclick', (event) => event.waitUntil(openFrom(event.notification)));

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (origin !== self.location.origin) return;
  const asks = mode === 'navigate' || method === 'POST';
  if (asks && WHO_CHANGES.some((path) => pathname.startsWith(path))) event.waitUntil(forget());
  if (method !== 'GET') return;
  if (mode === 'navigate') event.respondWith(page(event, pathname));
  else if (pathname.startsWith('/static/')) event.respondWith(file(event.request));
});

async function install() {
  const shell = await caches.open(SHELL);
  await shell.addAll(FILES);
  await self.skipWaiting();
}

// From here on this version answers; each version's files stand at addresses of their own, so none mixes with another's.
async function activate() {
  const others = (await caches.keys()).filter((name) => name !== SHELL && name !== STATE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

async function page(event, pathname) {
  const answer = Promise.resolve(event.preloadResponse).then((loaded) => loaded ?? fetch(event.request));
  const waits = pathname === '/' ? [answer, tooLate()] : [answer];
  try {
    const told = await Promise.race(waits);
    return told.status === 502 || told.status === 504 ? offline() : told; // a proxy in front, with no server behind it
  } catch {
    return offline();
  }
}

function tooLate() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('too late')), LONGEST_WAIT_MS));
}

async function offline() {
  const state = await caches.match('/state', { cacheName: STATE });
  const preferred = self.navigator.languages.map((tag) => tag.slice(0, 2)).find((language) => LANGUAGES.includes(language));
  const language = state ? (await state.json()).language : preferred ?? LANGUAGES[0];
  return (await caches.match(`/offline?lang=${language}`, { cacheName: SHELL, ignoreVary: true })) ?? Response.error();
}

async function file(request) {
  return (await caches.match(request, { cacheName: SHELL, ignoreVary: true })) ?? fetch(request);
}

async function keep(state) {
  const cache = await caches.open(STATE);
  await cache.put('/state', new Response(JSON.stringify(state), { headers: { 'Content-Type': 'application/json' } }));
}

// Somebody comes or goes: whoever is next on this phone sees nothing of who was before.
async function forget() {
  await caches.delete(STATE);
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage('forget');
}

async function show({ title = 'Công tắc', body = '', lang = LANGUAGES[0], tag, url = '/', at_ms: timestamp }) {
  await self.registration.showNotification(title, { body, lang, tag, timestamp, icon: ICON, badge: BADGE, data: { url } });
}

async function openFrom(notification) {
  notification.close();
  const address = new URL(notification.data?.url ?? '/', self.location.origin);
  if (address.origin !== self.location.origin) return;
  const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const there = open.find((client) => new URL(client.url).pathname === address.pathname);
  await (there ? there.focus() : self.clients.openWindow(address.href));
}
