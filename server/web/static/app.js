// The home page: all switches, the search among them, and "all off".

import { begin, line, paint, store } from './desk.js';
import { draw } from './page.js';
import { ask } from './sheet.js';

const search = document.getElementById('search');

search.addEventListener('input', paint);
search.addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('click', (event) => {
  const way = event.target.closest('.all-off');
  if (!way || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  ask(way.href);
});
begin(() => draw(store, line(), search.elements.q.value));
