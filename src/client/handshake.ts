import { ApiVersions, ErrorCode } from '../protocol/index.ts';
import { BrokerVersions } from './api-versions.ts';
import type { Connection } from './connection.ts';
import { kafkaFailure } from './errors.ts';

const SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '0.1.0' };

/**
 * The first exchange on every connection: which versions of which APIs the broker knows. Starts with the newest version
 * and goes on with one that the broker names, or with 0 (KIP-511).
 */
export async function negotiateVersions(connection: Connection): Promise<BrokerVersions> {
  let version = ApiVersions.versions[1];
  for (;;) {
    const response = await connection.send(ApiVersions, version, version >= 3 ? SOFTWARE : {});
    if (response.errorCode === ErrorCode.NONE) return new BrokerVersions(connection.broker, response);
    // Some old brokers object to the name of the software instead of the version.
    const canGoLower = response.errorCode === ErrorCode.UNSUPPORTED_VERSION || response.errorCode === ErrorCode.INVALID_REQUEST;
    if (!canGoLower || version === 0) {
      throw kafkaFailure(response.errorCode, `Asking broker ${connection.broker} for its API versions`, {
        context: { broker: connection.broker },
      });
    }
    const theirs = response.apiKeys.find(({ apiKey }) => apiKey === ApiVersions.key)?.maxVersion ?? 0;
    version = response.errorCode === ErrorCode.INVALID_REQUEST || theirs >= version ? 0 : theirs;
  }
}
