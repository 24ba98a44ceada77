import { MillraceError } from '../errors.ts';

/** One entry of Kafka's `listeners`: `PLAINTEXT://0.0.0.0:9092`. */
export interface Listener {
  readonly name: string;
  /** All addresses of the machine when the entry names none, as in `PLAINTEXT://:9092`. */
  readonly host: string;
  readonly port: number;
}

/** Throws INVALID_CONFIG with an example. */
export function parseListener(text: string): Listener {
  const match = /^([A-Za-z0-9_]+):\/\/(?:\[([^\]]*)\]|([^:/]*)):(\d{1,5})$/.exec(text);
  if (match === null) {
    throw new MillraceError('INVALID_CONFIG', `Listener "${text}" cannot be read; it must look like PLAINTEXT://localhost:9092.`);
  }
  const host = match[2] ?? match[3] ?? '';
  return { name: match[1] ?? '', host: host === '' ? '0.0.0.0' : host, port: Number(match[4]) };
}
