import type { ConfigStore } from '../configs/config-store.ts';
import type { TransactionVerifier } from '../coordinator/seams.ts';
import type { ServedApi } from '../dispatcher.ts';
import type { BrokerLogger } from '../logger.ts';
import type { MetadataLog } from '../metadata-log.ts';
import type { NodeRegistry } from '../nodes.ts';
import type { ClientQuotas } from '../quotas/client-quotas.ts';
import type { Clock } from '../seams.ts';
import type { Access } from '../security/access.ts';
import type { SecurityProtocol } from '../security/options.ts';
import type { ResponseMemory } from '../server/response-memory.ts';
import type { TopicRegistry } from '../topics.ts';

/** What the broker's own handlers work with. */
export interface HandlerDeps {
  readonly clusterId: string;
  readonly dataDirectory: string;
  readonly topics: TopicRegistry;
  readonly configs: ConfigStore;
  readonly metadata: MetadataLog;
  readonly nodes: NodeRegistry;
  readonly clock: Clock;
  readonly log: BrokerLogger;
  readonly transactions: TransactionVerifier;
  readonly quotas: ClientQuotas;
  readonly responseMemory: ResponseMemory;
  /** What the ports speak. */
  readonly protocol: SecurityProtocol;
  /** Undefined: there is no authorizer, and everybody may do everything. */
  readonly access: Access | undefined;
  /** All APIs that are served, for ApiVersions. */
  served(): Iterable<ServedApi>;
}
