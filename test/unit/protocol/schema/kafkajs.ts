import { createRequire } from 'node:module';

/** kafkajs' own codecs: a second implementation of the protocol, written by others. It has no types for these modules. */
interface KafkajsRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  encode(): Promise<{ readonly buffer: Buffer }>;
}

interface KafkajsResponse {
  decode(body: Buffer): Promise<Record<string, unknown>>;
}

interface KafkajsProtocol {
  readonly versions: readonly string[];
  protocol(choice: {
    readonly version: number;
  }): (args: object) => { readonly request: KafkajsRequest; readonly response: KafkajsResponse };
}

const require = createRequire(import.meta.url);
const requests = require('kafkajs/src/protocol/requests/index.js') as { readonly requests: Record<string, KafkajsProtocol> };
const encodeFrame = require('kafkajs/src/protocol/request.js') as (args: {
  correlationId: number;
  clientId: string;
  request: KafkajsRequest;
}) => Promise<{ readonly buffer: Buffer }>;

function find(api: string): KafkajsProtocol {
  const found = requests.requests[api];
  if (found === undefined) throw new Error(`kafkajs has no ${api}`);
  return found;
}

/** The versions that kafkajs has of an API. */
export function kafkajsVersions(api: string): number[] {
  return find(api).versions.map(Number);
}

/** A whole request frame as kafkajs sends it. */
export async function kafkajsRequest(api: string, version: number, args: object): Promise<Buffer> {
  const { request } = find(api).protocol({ version })(args);
  const frame = await encodeFrame({ correlationId: 77, clientId: 'golden', request });
  return Buffer.from(frame.buffer);
}

/** What kafkajs makes of a response's body. */
export async function kafkajsResponse(api: string, version: number, body: Buffer): Promise<Record<string, unknown>> {
  return find(api).protocol({ version })({ topics: [] }).response.decode(body);
}
