// Every text whose contrast to what is behind it is below 4.5 (WCAG 2.2, 1.4.3), as [text, ratio].
() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) =>
    [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = numbers(getComputedStyle(it).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  document.getAnimations().forEach((it) => it.finish instanceof Function && it.transitionProperty && it.finish());
  return [...document.querySelectorAll('.name, .word, .told, .notice, .badge-text, .presence, .device-name, .role, .quiet, .foot')]
    .filter((it) => it.textContent.trim())
    .map((it) => {
      const [a, b] = [light(numbers(getComputedStyle(it).color)), light(behind(it))];
      return [it.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
}
