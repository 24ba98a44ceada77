export interface EmbeddedBroker {
  readonly bootstrapServers: string;
  close(): Promise<void>;
}

/** The embedded broker on a free port, in a thread of its own. Without `dataDir` its data goes with it. */
export async function startEmbeddedBroker(dataDir: string | undefined): Promise<EmbeddedBroker> {
  const { Broker } = await import('../broker/index.ts');
  return Broker.start({ port: 0, defaultPartitions: 4, ...(dataDir === undefined ? {} : { dataDir }) });
}
