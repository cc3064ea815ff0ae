// The phone keeps the page: its worker opens it without a network, with what was last known here.

const workers = navigator.serviceWorker; // none where the page came by plain HTTP from another machine
const EVERY_MS = 10_000;

let keeping = Boolean(workers);
let keptMs = 0;

export function begin() {
  workers?.addEventListener('message', (event) => (keeping &&= event.data !== 'forget'));
  window.addEventListener('load', () => workers?.register('/sw.js', { updateViaCache: 'none' }).catch(() => {}));
}

// Not for guests: a borrowed phone keeps nothing of theirs. `at once`: the page may be gone in a moment.
export async function keep(store, atOnce) {
  const { sites, devices, favourites, link } = store;
  if (!keeping || (!atOnce && Date.now() - keptMs < EVERY_MS) || sites.some((site) => site.role === 'guest')) return;
  keptMs = Date.now();
  const { lang: language, dataset } = document.documentElement;
  const snapshot = { sites, devices, favourites, link, now_ms: store.nowMs() };
  const { active } = await workers.ready;
  if (keeping) active.postMessage({ keep: { language, theme: dataset.theme ?? '', local_ms: keptMs, snapshot } });
}
