// The live stream: a whole snapshot first, then changes. Says honestly how it is: connecting, live, reconnecting or stale.

const SILENT_MS = 20_000;
const LONGEST_WAIT_MS = 30_000;
const EVENTS = ['snapshot', 'device', 'channel', 'link', 'tick'];

export class Live {
  #address;
  #tell;
  #source = null;
  #timer = 0;
  #attempt = 0;
  #heardMs = Date.now();
  #openedMs = 0;
  #state = 'connecting';

  // tell(kind, data) gets each event.
  constructor(address, tell) {
    this.#address = address;
    this.#tell = tell;
  }

  get state() {
    return this.silentMs > SILENT_MS ? 'stale' : this.#state;
  }

  // A clock that jumps either way counts as silence: the next tick mends it.
  get silentMs() {
    return Math.abs(Date.now() - this.#heardMs);
  }

  // Begins anew, whatever there was: the server then sends all there is.
  open() {
    this.close();
    this.#openedMs = Date.now();
    if (this.#state === 'live') this.#state = 'reconnecting';
    this.#source = new EventSource(this.#address);
    for (const kind of EVENTS) this.#source.addEventListener(kind, (event) => this.#hear(kind, event));
    this.#source.addEventListener('error', () => this.#lost());
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#source?.close();
    this.#source = null;
  }

  // Called each second: a stream that says nothing is taken for dead and opened again.
  check() {
    if (this.state === 'stale' && !this.#timer && Math.abs(Date.now() - this.#openedMs) > SILENT_MS) this.#lost();
  }

  #hear(kind, event) {
    this.#heardMs = Date.now();
    if (kind === 'snapshot') {
      this.#attempt = 0;
      this.#state = 'live';
    }
    this.#tell(kind, JSON.parse(event.data));
  }

  #lost() {
    const refused = this.#source?.readyState === EventSource.CLOSED;
    this.close();
    this.#state = 'reconnecting';
    const waitMs = Math.random() * Math.min(LONGEST_WAIT_MS, 1000 * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), waitMs);
    this.#tell('lost', { refused });
  }
}
