// Searching names as people type them on a phone: the same rules as searching.py on the server, and both are tried on one list.

export function plain(text) {
  return text.normalize('NFKD').toLowerCase().replaceAll('đ', 'd').replace(/\p{Mn}/gu, '').trim().split(/\s+/).join(' ');
}

export function matches(query, ...names) {
  const where = plain(names.join(' '));
  return plain(query).split(' ').every((word) => where.includes(word));
}
