import { hostname } from 'node:os';
import { MillraceError } from '../errors.ts';
import type { BrokerOptions, ResolvedBrokerOptions } from './options.ts';
import { resolveSecurity } from './security/resolve-security.ts';

const MAX_NODES = 100;
const MAX_PORT = 65_535;
const ALL_ADDRESSES = new Set(['0.0.0.0', '::', '']);
const FLUSH_POLICIES = ['none', 'interval', 'batch'];

/** Checks the options and fills in the defaults. Throws INVALID_CONFIG. */
export function resolveBrokerOptions(options: BrokerOptions, dataDir: string, manualClock = false): ResolvedBrokerOptions {
  const { host = '127.0.0.1', config = {}, defaultPartitions } = options;
  const ports = portsOf(options);
  const flushPolicy = options.flushPolicy ?? (options.dataDir === undefined ? 'none' : 'interval');
  if (!FLUSH_POLICIES.includes(flushPolicy))
    throw invalid('flushPolicy', `must be one of ${FLUSH_POLICIES.join(', ')}, not '${flushPolicy}'`);
  if (defaultPartitions !== undefined) checkInteger('defaultPartitions', defaultPartitions, 1, 10_000);
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'string') throw invalid(`config['${name}']`, `must be text, not ${typeof value}`);
  }
  if (options.adminPort !== undefined) checkInteger('adminPort', options.adminPort, 0, MAX_PORT);
  const { security, config: securedConfig } = resolveSecurity(options, config);
  return {
    ports,
    host,
    advertisedHost: options.advertisedHost ?? (ALL_ADDRESSES.has(host) ? hostname() : host),
    adminPort: options.adminPort,
    adminHost: options.adminHost ?? '127.0.0.1',
    racks: racksOf(options, ports.length),
    dataDir,
    flushPolicy,
    config: {
      ...replicasOfInternalTopics(ports.length),
      ...securedConfig,
      ...(defaultPartitions !== undefined && { 'num.partitions': String(defaultPartitions) }),
      ...(options.clampReplicationFactor === true && { 'topic.replication.clamp': 'true' }),
    },
    topics: options.topics ?? [],
    logLevel: options.logLevel ?? 'warn',
    manualClock,
    security,
  };
}

function racksOf({ racks, config }: BrokerOptions, nodes: number): readonly (string | null)[] {
  if (racks !== undefined && racks.length !== nodes) throw invalid('racks', `must name one rack for each of ${nodes} nodes`);
  return racks ?? Array.from({ length: nodes }, () => config?.['broker.rack'] ?? null);
}

/** As many as Kafka's default of three, as far as there are nodes: so groups and transactions outlive a stopped node. */
function replicasOfInternalTopics(nodes: number): Record<string, string> {
  if (nodes === 1) return {};
  const replicas = String(Math.min(nodes, 3));
  return { 'offsets.topic.replication.factor': replicas, 'transaction.state.log.replication.factor': replicas };
}

function portsOf({ port = 0, ports, nodes }: BrokerOptions): readonly number[] {
  if (ports !== undefined) {
    if (ports.length === 0 || (nodes !== undefined && nodes !== ports.length))
      throw invalid('ports', `must name one port for each of ${nodes ?? 'the'} nodes`);
    for (const each of ports) checkInteger('ports', each, 0, MAX_PORT);
    return ports;
  }
  const count = nodes ?? 1;
  checkInteger('nodes', count, 1, MAX_NODES);
  checkInteger('port', port, 0, MAX_PORT);
  if (port !== 0) checkInteger('port', port, 1, MAX_PORT - count + 1);
  return Array.from({ length: count }, (_, index) => (port === 0 ? 0 : port + index));
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(name, `must be a whole number from ${min} to ${max}, not ${value}`);
}

function invalid(option: string, problem: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', `Broker option ${option} ${problem}.`, { fatal: true, context: { option } });
}
