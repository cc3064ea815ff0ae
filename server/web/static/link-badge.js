// <link-badge>: how this page stands to the server, and the server to the devices.

import { write } from './cards.js';
import { age, t } from './words.js';

class LinkBadge extends HTMLElement {
  // state: of the live stream; link: the server's own, to the broker; heardMs: when the stream last said something.
  show(state, link, heardMs, nowMs) {
    const worst = state === 'live' && link !== 'up' ? 'down' : state;
    this.dataset.state = worst;
    write(this.querySelector('.badge-text'), t(`link.${worst}`, { age: age(heardMs, nowMs) }));
  }
}

customElements.define('link-badge', LinkBadge);
