// What a screen is asked. Every function answers with a list of faults, each a short text; an empty list is good.
(() => {
  const TOUCH = 48, NARROWEST = 24;
  const shown = (it) => it.checkVisibility({ contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true });
  const told = (it) => `<${it.tagName.toLowerCase()}${it.id ? `#${it.id}` : ''}${it.className && it.getAttribute('class') ? `.${it.getAttribute('class').trim().replace(/\s+/g, '.')}` : ''}> ${(it.textContent || it.getAttribute('aria-label') || '').trim().replace(/\s+/g, ' ').slice(0, 50)}`;
  const unseen = (it) => it.closest('.unseen, .sprite, .skip, svg') !== null || getComputedStyle(it).clipPath === 'inset(50%)';
  const all = (selector) => [...document.querySelectorAll(selector)].filter((it) => shown(it) && !unseen(it));
  const hides = (style) => [style.overflowX, style.overflowY].some((it) => ['hidden', 'clip'].includes(it));
  const scrolls = (it) => ['auto', 'scroll'].includes(getComputedStyle(it).overflowX);

  function* texts(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) yield walker.currentNode;
  }

  function headings() {
    const found = document.querySelectorAll('h1');
    return found.length === 1 ? [] : [`${found.length} h1`];
  }

  function overflow() {
    const [wide, room] = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
    if (wide <= room + 1) return []; // a pixel may come of rounding
    const out = all('body *').filter((it) => it.getBoundingClientRect().right > room + 1);
    const inner = out.filter((it) => ![...it.children].some((child) => out.includes(child)));
    return inner.length ? inner.slice(0, 3).map((it) => `${Math.round(it.getBoundingClientRect().right - room)} px too wide: ${told(it)}`) : [`${wide - room} px too wide`];
  }

  // A text must lie within every box around it that hides what sticks out, and within the screen unless something can be scrolled.
  function clipped() {
    const faults = [], room = document.documentElement.clientWidth, range = document.createRange();
    for (const node of texts(document.body)) {
      const holder = node.parentElement;
      if (!shown(holder) || unseen(holder) || holder.closest('option, script, style, textarea')) continue;
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (!box.width) continue;
      const ink = inkOf(node, holder, box);
      let scrollable = false;
      for (let it = holder; it && it !== document.body; it = it.parentElement) {
        const style = getComputedStyle(it), edge = it.getBoundingClientRect();
        scrollable ||= scrolls(it);
        if (!hides(style) || scrollable) continue;
        if (box.left < edge.left - 1 || box.right > edge.right + 1 || ink.top < edge.top - 0.5 || ink.bottom > edge.bottom + 0.5) {
          faults.push(`clipped by ${told(it).split('>')[0]}>: ${node.data.trim().slice(0, 40)}`);
          break;
        }
      }
      if (!scrollable && (box.left < -1 || box.right > room + 1)) faults.push(`beyond the screen: ${node.data.trim().slice(0, 40)}`);
    }
    for (const it of all('input:not([type=hidden], [type=checkbox], [type=radio], [type=range], [type=color], [type=date], [type=time], [type=datetime-local], [readonly]), select, button')) {
      if (it.tagName === 'BUTTON' && it.scrollWidth > it.clientWidth + 1) faults.push(`wider than its button: ${told(it)}`);
      const style = getComputedStyle(it), need = stacked(style) + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
      if (it.tagName !== 'BUTTON' && it.clientHeight + 0.5 < need) faults.push(`too low for stacked diacritics: ${told(it)}`);
    }
    return faults;
  }

  const pen = document.createElement('canvas').getContext('2d');
  const inks = new Map();

  // The height of the tallest and deepest letters of the language: from the top of Ẵ or Ổ to the bottom of ỵ.
  function stacked(style) {
    return Object.values(inkFor('ẴỖỔỮỵg', style)).reduce((a, b) => a + b);
  }

  function inkFor(text, style) {
    const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    if (!inks.has(font + text)) {
      pen.font = font;
      const found = pen.measureText(text);
      inks.set(font + text, { up: found.actualBoundingBoxAscent, down: found.actualBoundingBoxDescent, whole: 0 });
    }
    return inks.get(font + text);
  }

  // The box of the letters themselves: the middle of a line's box is where the font's ascent and descent meet its middle.
  function inkOf(node, holder, box) {
    const style = getComputedStyle(holder), ink = inkFor(node.data.trim().slice(0, 200), style);
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const font = pen.measureText('x'), [rise, fall] = [font.fontBoundingBoxAscent, font.fontBoundingBoxDescent];
    const lines = Math.max(1, Math.round(box.height / (rise + fall)));
    return lines > 1 ? box : { top: box.top + rise - ink.up, bottom: box.top + rise + ink.down };
  }

  // Two lines one upon the other must not touch, whatever stands in them.
  function lines() {
    const faults = new Set();
    for (const node of texts(document.body)) {
      const holder = node.parentElement;
      if (!shown(holder) || unseen(holder) || holder.closest('option, script, style')) continue;
      const style = getComputedStyle(holder), height = parseFloat(style.lineHeight);
      if (/\p{L}/u.test(node.data) && height + 0.5 < stacked(style)) faults.add(`lines too tight (${height} px for ${stacked(style).toFixed(1)}): ${told(holder)}`);
    }
    return [...faults];
  }

  // Whatever can be pressed is at least 48 px high and 24 px wide, or is a link within a sentence (the exception "inline" of WCAG 2.2,
  // 2.5.5 and 2.5.8). A field is as large as the label that surrounds it.
  function targets() {
    const faults = [];
    for (const it of all('a[href], button, summary, input:not([type=hidden]), select, textarea, [role=button], [role=switch], [role=tab], [tabindex="0"]')) {
      if (it.matches('a') && inSentence(it)) continue;
      const label = it.matches('input[type=checkbox], input[type=radio]') ? it.closest('label') : null;
      const { width, height } = (label ?? it).getBoundingClientRect();
      if (height < TOUCH - 0.5 || width < NARROWEST) faults.push(`${Math.round(width)}×${Math.round(height)} px: ${told(it)}`);
    }
    return faults;
  }

  function inSentence(link) {
    const beside = [...link.parentElement.childNodes].filter((it) => it.nodeType === Node.TEXT_NODE).map((it) => it.data.trim()).join('');
    return getComputedStyle(link).display === 'inline' && beside.length > 1;
  }

  // To be asked after a key was pressed: then what a script focuses shows it as a keyboard's focus does.
  function focus() {
    const faults = [];
    for (const it of [...document.querySelectorAll('a[href], button:not([disabled]), summary, input:not([type=hidden], [disabled], .unseen), select, textarea, [tabindex="0"]')].filter(shown)) {
      it.focus({ preventScroll: true });
      if (document.activeElement !== it) { faults.push(`takes no focus: ${told(it)}`); continue; }
      const marks = [it, it.parentElement, it.nextElementSibling, it.closest('label')].filter(Boolean).map((each) => getComputedStyle(each));
      if (!marks.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)) faults.push(`its focus cannot be seen: ${told(it)}`);
    }
    document.activeElement?.blur();
    return faults;
  }

  function motion() {
    const moving = document.getAnimations().filter((it) => it.playState === 'running').map((it) => told(it.effect.target));
    const eager = all('body, body *').filter((it) => Math.max(...getComputedStyle(it).transitionDuration.split(',').map(parseFloat)) > 0.01);
    return [...moving, ...eager.map(told)].slice(0, 5).map((it) => `moves: ${it}`);
  }

  // Every text with the language that it is said to be in: [text, language, where].
  function words() {
    const found = [];
    const inNoLanguage = (it) => it.closest('code, [translate=no], script, style, noscript') !== null;
    const say = (text, it, where) => text?.trim() && found.push([text, it.closest('[lang]').lang, `${where} of ${told(it).split('>')[0]}>`]);
    for (const node of texts(document.documentElement)) if (!inNoLanguage(node.parentElement)) say(node.data, node.parentElement, 'text');
    for (const it of document.querySelectorAll('*')) {
      if (inNoLanguage(it)) continue;
      for (const name of it.getAttributeNames()) {
        if (/^(title|placeholder|alt|label|aria-(label|description|roledescription|valuetext|placeholder)|data-say-.*)$/.test(name)) say(it.getAttribute(name), it, name);
      }
      if (it.matches('meta[name=description]')) say(it.content, it, 'content');
    }
    return found;
  }

  // The page's bones: two people who see the same bones see the same screen.
  function bones() {
    const one = (it) => [it.tagName, it.getAttribute('class'), it.getAttribute('role'), it.getAttribute('type'), it.getAttribute('data-look')].join();
    return [...new Set([...document.body.querySelectorAll('*')].map(one))].sort().join(';');
  }

  // Every word grows by almost a third, as another language would have it.
  function lengthen() {
    for (const node of [...texts(document.body)]) {
      if (node.parentElement.closest('script, style, textarea, svg, code, [translate=no]')) continue;
      node.data = node.data.replace(/\p{L}+/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.3)));
    }
  }

  // All text at twice its size, as somebody's setting for large letters makes it. A fault is a text that does not grow. `shrink` takes it back.
  function grow() {
    const holders = [...new Set([...texts(document.body)].map((it) => it.parentElement))].filter((it) => shown(it) && !unseen(it));
    const sizes = () => holders.map((it) => parseFloat(getComputedStyle(it).fontSize));
    const before = sizes();
    document.documentElement.style.fontSize = '200%';
    const after = sizes();
    return holders.filter((_, i) => after[i] < before[i] * 1.9).map((it) => `does not grow: ${told(it)}`);
  }
  function shrink() {
    document.documentElement.style.fontSize = '';
  }

  // Several of them at once, by name.
  function each(names) {
    return Object.fromEntries(names.map((name) => [name, window.probe[name]()]));
  }

  // What is read of a page, whoever sees it.
  function read() {
    const [{ lang: language }, heading] = [document.documentElement, document.querySelector('h1')?.textContent ?? ''];
    return { language, heading, headings: headings(), words: words(), bones: bones() };
  }

  window.probe = { each, read, headings, overflow, clipped, lines, targets, focus, motion, words, bones, lengthen, grow, shrink };
  window.violations = [];
  addEventListener('securitypolicyviolation', (it) => window.violations.push(`${it.violatedDirective} ${it.blockedURI}`));
})();
