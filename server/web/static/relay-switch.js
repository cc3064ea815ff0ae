// <relay-switch>: the form of one output, as a switch. It never moves by itself: a tap only says `ask`, and `show` draws what is told.

import { flag } from './cards.js';

class RelaySwitch extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', this);
    this.addEventListener('submit', this);
  }

  handleEvent(event) {
    event.preventDefault();
    if (event.type === 'click' && event.target.closest('button')) this.dispatchEvent(new CustomEvent('ask', { bubbles: true }));
  }

  show(view) {
    const button = this.querySelector('button');
    flag(button, 'aria-checked', view.checked);
    flag(button, 'aria-busy', view.look === 'pending');
    flag(button, 'aria-disabled', view.asks === null);
  }
}

customElements.define('relay-switch', RelaySwitch);
