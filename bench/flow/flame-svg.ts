/** A function with all that it called, and its time. */
export interface Frame {
  readonly name: string;
  us: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 18;
const TOP = 30;
const CHARACTER = 6.3;
/** Frames narrower than this are left out: nobody could see them. */
const MIN_WIDTH = 0.8;

/** A flame graph as a picture that needs no script: the root on top, callees below, widths are shares of the CPU time. */
export function flameSvg(title: string, root: Frame): string {
  const boxes: string[] = [];
  const depth = draw(boxes, root, 0, 0, WIDTH / Math.max(root.us, 1), root.us);
  const height = TOP + (depth + 1) * ROW + 6;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10.5">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fffdf8"/>`,
    `<text x="8" y="19" font-size="13" font-weight="bold" fill="#222">${escaped(title)}</text>`,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

/** Returns how deep it went. */
function draw(boxes: string[], frame: Frame, x: number, level: number, perUs: number, totalUs: number): number {
  const width = frame.us * perUs;
  const share = `${((100 * frame.us) / Math.max(totalUs, 1)).toFixed(1)} %`;
  const y = TOP + level * ROW;
  const letters = Math.floor((width - 6) / CHARACTER);
  const text =
    letters < 3
      ? ''
      : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}" fill="#222">${escaped(`${frame.name} ${share}`.slice(0, letters))}</text>`;
  boxes.push(
    `<g><title>${escaped(`${frame.name}: ${share}`)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(frame.name)}"/>${text}</g>`,
  );
  let deepest = level;
  let at = x;
  for (const child of [...frame.children.values()].sort((a, b) => b.us - a.us)) {
    if (child.us * perUs < MIN_WIDTH) continue;
    deepest = Math.max(deepest, draw(boxes, child, at, level + 1, perUs, totalUs));
    at += child.us * perUs;
  }
  return deepest;
}

/** One colour for each name, in warm tones; the garbage collector's is blue. */
function colour(name: string): string {
  if (name.startsWith('(garbage')) return '#8fb7e0';
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 997;
  return `hsl(${10 + (hash % 45)} 85% ${68 + (hash % 14)}%)`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
