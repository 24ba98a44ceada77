/**
 * Reads all sockets of a thread into one buffer. By itself Node allocates 64 KiB outside of V8's heap for each read, which
 * makes V8 collect garbage every few megabytes: about a third of the CPU of producing. `net.connect` can be told to use a
 * given buffer (its option `onread`), but there is no such option for sockets that a server accepts, so what the option
 * does is done here. Where this Node has it differently, the usual `data` events are used.
 */

import type { Duplex } from 'node:stream';

const READ_BUFFER_BYTES = 256 * 1024;

/** Shared: what was read is handed over and copied before anything else can be read. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

interface StreamHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

/** Calls back for all that comes in. The bytes are valid only during the call. */
export function readFrom(socket: Duplex, onBytes: (bytes: Buffer) => void): void {
  if (!useSharedBuffer(socket, onBytes)) {
    socket.on('data', onBytes);
    return;
  }
  // Without a listener for `data` the stream must be told to flow, or its end is never seen.
  socket.resume();
}

/** False when this Node's sockets are not as expected; then nothing was changed. */
export function useSharedBuffer(socket: Duplex, onBytes: (bytes: Buffer) => void): boolean {
  // TLS may have decrypted bytes already, which are in the stream; its reads are of 16 KiB at most.
  if (Reflect.get(socket, 'encrypted') === true) return false;
  const handle: unknown = Reflect.get(socket, '_handle');
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferKey = symbols.find((symbol) => symbol.description === 'kBuffer');
  const callbackKey = symbols.find((symbol) => symbol.description === 'kBufferCb');
  if (bufferKey === undefined || callbackKey === undefined || !canUseBuffer(handle)) return false;
  Reflect.set(socket, bufferKey, readBuffer);
  Reflect.set(socket, callbackKey, (count: number) => {
    onBytes(readBuffer.subarray(0, count));
    return true;
  });
  handle.useUserBuffer(readBuffer);
  return true;
}

function canUseBuffer(handle: unknown): handle is StreamHandle {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle && typeof handle.useUserBuffer === 'function';
}
