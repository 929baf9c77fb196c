/** Light or dark, and text colours that can be read on the shop's brand colour. */
const WHITE = [255, 255, 255];
const INK = [24, 24, 27];
const DARK_SURFACE = [24, 25, 28];
const READABLE = 4.6; // WCAG asks for 4.5; a little more survives rounding

/** Keep `root` in the theme that is asked for: `light`, `dark` or `auto`. */
export function watchTheme(host, root, wanted) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const dark = wanted === 'dark' || (wanted !== 'light' && system.matches);
    root.dataset.theme = dark ? 'dark' : 'light';
    const brand = brandOf(root);
    const set = (name, colour) =>
      root.style.setProperty(name, `rgb(${colour.map(Math.round).join()})`);
    set('--on-brand', contrast(brand, WHITE) >= READABLE ? WHITE : INK);
    set('--accent', dark ? readable(brand, DARK_SURFACE, WHITE) : readable(brand, WHITE, INK));
  };
  system.addEventListener('change', apply);
  apply();
}

function brandOf(root) {
  const probe = document.createElement('i');
  probe.className = 'probe';
  root.append(probe);
  const parts = getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  return parts.slice(0, 3).map(Number);
}

/** `colour`, mixed with `towards` until it can be read on `surface`. */
function readable(colour, surface, towards) {
  for (let part = 0; part < 1; part += 0.05) {
    const mixed = colour.map((value, i) => value + (towards[i] - value) * part);
    // A bubble is a little darker or lighter than the surface: ask for more there.
    if (contrast(mixed, surface) >= READABLE * 1.15) return mixed;
  }
  return towards;
}

/** The contrast ratio of WCAG 2, from 1 to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
