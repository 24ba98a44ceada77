import type { ResolvedConfig } from '../config.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** Makes the transport that the configuration asks for. Client libraries are loaded here and nowhere else. */
export async function createTransport(
  config: ResolvedConfig,
  processId: string,
  hooks: Pick<TransportOptions, 'onError' | 'onLog'>,
): Promise<Transport> {
  const options: TransportOptions = {
    bootstrapServers: config.bootstrapServers,
    clientId: config.clientId === '' ? `${config.applicationId}-${processId}` : config.clientId,
    groupId: config.applicationId,
    transactionalId: config.processingGuarantee === 'exactly_once_v2' ? `${config.applicationId}-${processId}-1` : undefined,
    transactionTimeoutMs: config.transactionTimeoutMs,
    autoOffsetReset: config.autoOffsetReset,
    consumerConfig: { 'max.poll.records': config.maxPollRecords, ...config.consumer },
    producerConfig: config.producer,
    adminConfig: config.admin,
    ...hooks,
  };
  if (config.transport === 'wire') {
    const { createWireTransport } = await import('./wire/transport.ts');
    return createWireTransport(options);
  }
  const { createLibrdkafkaTransport } = await import('./librdkafka/transport.ts');
  return createLibrdkafkaTransport(options);
}
