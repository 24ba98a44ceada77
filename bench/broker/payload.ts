import { writeFileSync } from 'node:fs';

const RECORDS = 5_000;
const CITIES = ['Amsterdam', 'Bergen', 'Dublin', 'Ghent', 'Kraków', 'Lyon', 'Porto', 'Turin', 'Uppsala', 'Zagreb'];

/** Small, fast, the same everywhere (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Lines of exactly `bytes` bytes of JSON, which pack about as well as the events of real life do. Kafka's tools send
 * random lines of such a file.
 */
export function payloadLines(bytes: number): string[] {
  const random = generator(bytes);
  const lines: string[] = [];
  for (let line = 0; line < RECORDS; line++) {
    const fields: string[] = [];
    let text = '';
    for (let field = 0; Buffer.byteLength(text) < bytes; field++) {
      const city = CITIES[Math.floor(random() * CITIES.length)];
      fields.push(`"f${field}":${field % 2 === 0 ? `"${city}"` : Math.floor(random() * 1e9)}`);
      text = `{"id":${line},${fields.join(',')}}`;
    }
    lines.push(cut(text, bytes));
  }
  return lines;
}

export function writePayloadFile(path: string, bytes: number): void {
  writeFileSync(path, `${payloadLines(bytes).join('\n')}\n`);
}

function cut(text: string, bytes: number): string {
  // No character is cut in two: what is missing then is filled up.
  const buffer = Buffer.from(text).subarray(0, bytes);
  const whole = buffer.toString('utf8').replace(/\uFFFD+$/, '');
  return whole + ' '.repeat(bytes - Buffer.byteLength(whole));
}
