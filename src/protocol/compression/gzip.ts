import { gunzipSync, gzipSync } from 'node:zlib';
import type { CompressionCodec } from './codec.ts';

/** Level 1 to 9; default 6. */
export const gzip: CompressionCodec = {
  compress: (bytes, level) => gzipSync(bytes, level === undefined ? {} : { level }),
  decompress: (bytes, maxBytes) => gunzipSync(bytes, { maxOutputLength: Math.max(maxBytes, 1) }),
};
