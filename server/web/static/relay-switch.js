// <relay-switch>: the form of one output, as a switch. It never moves by itself: a tap only says `ask`, and `show` draws what is told.
// `ask` carries what was drawn to be asked for when the finger or the key went down: what changes below it does not turn a tap round.

import { flag } from './cards.js';

const HEARD = ['pointerdown', 'pointercancel', 'keydown', 'focusout', 'click', 'submit'];

class RelaySwitch extends HTMLElement {
  #asks = null;
  #pressed = new Map();

  connectedCallback() {
    HEARD.forEach((type) => this.addEventListener(type, this));
  }

  handleEvent(event) {
    switch (event.type) {
      case 'pointerdown':
        this.#pressed.set('pointer', this.#asks);
        break;
      case 'pointercancel':
        this.#pressed.delete('pointer');
        break;
      case 'keydown':
        if ([' ', 'Enter'].includes(event.key) && !event.repeat) this.#pressed.set('key', this.#asks);
        break;
      case 'focusout':
        this.#pressed.delete('key');
        break;
      default:
        event.preventDefault();
        if (event.type === 'click' && event.target.closest('button')) this.#ask(event.detail ? 'pointer' : 'key');
    }
  }

  // A click that no press came before, as of a screen reader, means what is drawn by now. A pointer's clicks are counted, others are not.
  #ask(by) {
    const detail = this.#pressed.has(by) ? this.#pressed.get(by) : this.#asks;
    this.#pressed.clear();
    this.dispatchEvent(new CustomEvent('ask', { bubbles: true, detail }));
  }

  show(view) {
    const button = this.querySelector('button');
    flag(button, 'aria-checked', view.checked);
    flag(button, 'aria-busy', view.look === 'pending');
    flag(button, 'aria-disabled', view.asks === null);
    this.#asks = view.asks;
  }
}

customElements.define('relay-switch', RelaySwitch);
