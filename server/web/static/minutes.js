// How long somebody asks for, typed as minutes: the same rules as minutes.py on the server.

const NUMBER = /^[0-9]{1,5}(?:[.,][0-9]{1,2})?$/;
const SHORTEST_S = 60;

// → a number of seconds, or the word for what is wrong.
export function readMinutes(typed, mostS) {
  const text = typed.trim();
  if (!NUMBER.test(text)) return 'not_a_number';
  const seconds = Math.round(Number(text.replace(',', '.')) * 60);
  if (seconds < SHORTEST_S) return 'too_short';
  return seconds > mostS ? 'too_long' : seconds;
}
