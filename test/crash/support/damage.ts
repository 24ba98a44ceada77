import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';

export interface Damage {
  /** Relative to the data directory. */
  readonly file: string;
  /** First byte that is not as it was. */
  readonly at: number;
  readonly how: string;
}

/** All files below a directory that can be damaged; a lock is nobody's data. */
export function filesBelow(directory: string, prefix = ''): string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      if (statSync(path).isDirectory()) return filesBelow(path, `${prefix}${name}/`);
      return name.startsWith('.lock') ? [] : [prefix + name];
    });
}

/** Changes a file behind the broker's back, as a bad disk or a careless person does. */
export function damageFile(dataDir: string, file: string, random: Random): Damage {
  const path = join(dataDir, file);
  const bytes = readFileSync(path);
  const at = random(bytes.length + 1);
  const [how, damaged] = changed(bytes, at, random);
  writeFileSync(path, damaged);
  return { file, at, how };
}

function changed(bytes: Buffer, at: number, random: Random): [string, Buffer] {
  const end = Math.min(at + 1 + random(64), bytes.length);
  switch (random(5)) {
    case 0:
      return ['cut off', bytes.subarray(0, at)];
    case 1:
      return ['zeros', Buffer.concat([bytes.subarray(0, at), Buffer.alloc(end - at), bytes.subarray(end)])];
    case 2: {
      const noise = Buffer.from(Array.from({ length: end - at }, () => random(256)));
      return ['noise', Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(end)])];
    }
    case 3:
      return ['bytes put in', Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)])];
    default: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at]! ^= 1 << random(8);
      return ['a bit flipped', flipped];
    }
  }
}
