// Passkeys: every element with data-passkey holds one button that makes one, signs in with one, or proves with one who is here.
// What the page may have to say stands in the element's own data-say-… attributes, in the reader's language.

const PATHS = { register: '/account/passkeys', 'sign-in': '/passkeys/sign-in', prove: '/prove/passkey' };
const CHALLENGE_MS = 240_000;

for (const part of document.querySelectorAll('[data-passkey]')) begin(part);

function begin(part) {
  const trouble = window.PublicKeyCredential ? location.origin !== part.dataset.origin && 'elsewhere' : 'unsupported';
  if (trouble) return part.dataset.passkey === 'register' && say(part, trouble); // elsewhere there are other ways in
  for (const found of part.querySelectorAll('button, .field')) found.hidden = false;
  part.hidden = false;
  const waiting = part.dataset.passkey === 'sign-in' ? offer(part) : { stop() {}, go() {} };
  let busy = false;
  part.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    waiting.stop();
    const done = await attempt(part);
    busy = false;
    if (!done) waiting.go();
  });
}

// The browser itself offers passkeys in the name's field, where it can. A challenge is good for five minutes, so it is renewed.
function offer(part) {
  let stopped = new AbortController();
  const go = async () => {
    if (!document.querySelector('input[autocomplete~="webauthn"]')) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    stopped = new AbortController();
    const { signal } = stopped;
    const renew = setTimeout(() => { stopped.abort(); go(); }, CHALLENGE_MS);
    signal.addEventListener('abort', () => clearTimeout(renew));
    await attempt(part, { mediation: 'conditional', signal });
  };
  go();
  return { stop: () => stopped.abort(), go };
}

// Whether it led somewhere. What the browser offers by itself also fails by itself, with nothing said.
async function attempt(part, quietly) {
  const kind = part.dataset.passkey;
  if (!quietly) say(part, '');
  const options = await post(`${PATHS[kind]}/options`, {});
  if (!options.ok) return quietly ? false : refused(part, options);
  let answer;
  try {
    answer = kind === 'register' ? await make(options.content) : await show(options.content, quietly);
  } catch (error) {
    if (!quietly) say(part, { NotAllowedError: 'cancelled', InvalidStateError: 'known', SecurityError: 'elsewhere' }[error.name] ?? 'failed');
    return false;
  }
  const name = part.querySelector('input')?.value ?? '';
  const result = await post(PATHS[kind], kind === 'register' ? { name, answer } : { answer });
  if (!result.ok) return refused(part, result);
  if (kind === 'register') location.reload();
  else location.assign(part.dataset.then);
  return true;
}

function refused(part, { status, code }) {
  if (code === 'prove_yourself') location.assign(`/prove?then=${encodeURIComponent(location.pathname)}`);
  else if (status === 401) location.assign('/sign-in');
  else say(part, { passkey_refused: 'refused', passkey_known: 'known', too_many_passkeys: 'many', no_passkey: 'none' }[code] ?? 'failed');
  return false;
}

function say(part, what) {
  const place = part.querySelector('[role="alert"]');
  place.textContent = what ? part.getAttribute(`data-say-${what}`) ?? part.dataset.sayFailed : '';
  place.hidden = !what;
}

async function post(path, body) {
  const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin' };
  try {
    const answer = await fetch(path, request);
    const content = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, code: content.code, content };
  } catch {
    return { ok: false, status: 0 };
  }
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(described),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = response;
  return { id, rawId: text(rawId), type, response: { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) } };
}

async function show(options, how) {
  const allowCredentials = (options.allowCredentials ?? []).map(described);
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey, ...how });
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  const told = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
  return { id, rawId: text(rawId), type, response: userHandle ? { ...told, userHandle: text(userHandle) } : told };
}

function described(credential) {
  return { ...credential, id: bytes(credential.id) };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
