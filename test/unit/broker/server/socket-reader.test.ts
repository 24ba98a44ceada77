import { connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFrom, useSharedBuffer } from '../../../../src/broker/server/socket-reader.ts';

let server: Server;
let accept: (socket: Socket) => void;

beforeEach(async () => {
  server = createServer((socket) => accept(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function client(): Socket {
  const address = server.address();
  return connect({ port: typeof address === 'object' && address !== null ? address.port : 0, host: '127.0.0.1' });
}

/** All bytes of a connection until the client ends it, read by `read`. */
function received(read: (socket: Socket, onBytes: (bytes: Buffer) => void) => void): Promise<Buffer> {
  return new Promise((resolve) => {
    accept = (socket) => {
      const parts: Buffer[] = [];
      read(socket, (bytes) => parts.push(Buffer.from(bytes)));
      socket.on('close', () => resolve(Buffer.concat(parts)));
    };
  });
}

describe('readFrom', () => {
  it('knows the sockets of this Node: if not, look at how `onread` is done in its lib/net.js', async () => {
    const shared = new Promise<boolean>((resolve) => {
      accept = (socket) => {
        resolve(useSharedBuffer(socket, () => undefined));
        socket.destroy();
      };
    });
    client().on('error', () => undefined);
    expect(await shared).toBe(true);
  });

  it('gives all bytes in order and sees the end', async () => {
    const bytes = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, index) => index).buffer);
    const result = received(readFrom);
    client().end(bytes);
    expect((await result).equals(bytes)).toBe(true);
  });

  it('stops and goes on as it is told', async () => {
    const bytes = Buffer.alloc(3_000_000, 1);
    let calls = 0;
    const result = received((socket, onBytes) =>
      readFrom(socket, (part) => {
        onBytes(part);
        calls++;
        socket.pause();
        setImmediate(() => socket.resume());
      }),
    );
    client().end(bytes);
    expect((await result).length).toBe(bytes.length);
    expect(calls).toBeGreaterThan(5);
  });

  it('falls back to events for streams of another kind', async () => {
    const stream = new PassThrough();
    expect(useSharedBuffer(stream, () => undefined)).toBe(false);
    const parts: Buffer[] = [];
    readFrom(stream, (bytes) => parts.push(bytes));
    stream.end('hello');
    await new Promise((resolve) => stream.once('end', resolve));
    expect(Buffer.concat(parts).toString()).toBe('hello');
  });
});
