import { resolveConfig } from '../../../src/config.ts';
import { createTransport } from '../../../src/transport/create.ts';
import type { Transport } from '../../../src/transport/transport.ts';

const START_LIMIT_MS = 60_000;

/** A client of the sender's or the reader's process. */
export async function openTransport(bootstrapServers: string, name: string): Promise<Transport> {
  const config = resolveConfig({
    applicationId: `latency-${name}`,
    bootstrapServers,
    processingGuarantee: 'at_least_once',
    transport: 'wire',
  });
  const transport = await createTransport(config, name, { onError: () => {}, onLog: () => {} });
  await transport.connect(START_LIMIT_MS);
  return transport;
}
