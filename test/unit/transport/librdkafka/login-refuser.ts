import net from 'node:net';
import { onTestFinished } from 'vitest';

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const UNSUPPORTED_VERSION = 35;
const SASL_AUTHENTICATION_FAILED = 58;

const int16 = (value: number) => [(value >> 8) & 0xff, value & 0xff];
const int32 = (value: number) => [...int16(value >> 16), ...int16(value)];
const text = (value: string) => [...int16(value.length), ...Buffer.from(value)];

/** A listener that speaks just enough of the protocol to say that the password is wrong. Gives its host:port. */
export async function startLoginRefuser(): Promise<string> {
  const server = net.createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0);
        const body = answer(received.readInt16BE(4), received.readInt16BE(6));
        const frame = [...received.subarray(8, 12), ...body]; // the correlation id first
        socket.write(Buffer.from([...int32(frame.length), ...frame]));
        received = received.subarray(end);
      }
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

function answer(apiKey: number, version: number): number[] {
  if (apiKey === SASL_HANDSHAKE) return [...int16(0), ...int32(1), ...text('PLAIN')];
  if (apiKey === SASL_AUTHENTICATE) return [...int16(SASL_AUTHENTICATION_FAILED), ...text('wrong password'), ...int32(0)];
  const apis = [
    [API_VERSIONS, 0, 0],
    [SASL_HANDSHAKE, 0, 1],
    [SASL_AUTHENTICATE, 0, 0],
  ];
  return [...int16(version === 0 ? 0 : UNSUPPORTED_VERSION), ...int32(apis.length), ...apis.flat().flatMap(int16)];
}
