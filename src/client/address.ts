import { MillraceError } from '../errors.ts';

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with IPv6 addresses in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads `host:port` of one or more brokers, separated by commas; a listener's name before it (`SASL_SSL://host:9093`) is
 * allowed and means nothing. Throws INVALID_CONFIG.
 */
export function parseAddresses(servers: string): Address[] {
  const parts = servers
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part.length > 0);
  if (parts.length === 0) throw notAnAddress(servers);
  return parts.map(parseAddress);
}

function parseAddress(text: string): Address {
  const match = /^(?:[A-Za-z_]+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65535) throw notAnAddress(text);
  return { host, port };
}

function notAnAddress(text: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', `"${text}" is not host:port. Give the brokers as host:port, separated by commas.`, {
    context: { option: 'bootstrapServers' },
  });
}
