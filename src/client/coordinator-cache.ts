import { ErrorCode, FindCoordinator } from '../protocol/index.ts';
import { kafkaFailure } from './errors.ts';
import type { NodeInfo } from './metadata.ts';
import type { ReadyConnection } from './open-connection.ts';
import { type CoordinatorType, describeTarget } from './target.ts';

const KEY_TYPES: Readonly<Record<CoordinatorType, number>> = { group: 0, transaction: 1 };
/** Coordinators remembered; beyond it all are asked for again. */
const MAX_ENTRIES = 10_000;

/** Who coordinates which group and which transactional id, as of the last answers. */
export class CoordinatorCache {
  readonly #known = new Map<string, NodeInfo>();

  get(type: CoordinatorType, key: string): NodeInfo | undefined {
    return this.#known.get(`${type} ${key}`);
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(`${type} ${key}`);
  }

  /** Asks a broker and remembers. Rejects with what the broker says; COORDINATOR_NOT_AVAILABLE is retriable. */
  async find({ connection, versions }: ReadyConnection, type: CoordinatorType, key: string): Promise<NodeInfo> {
    const version = versions.pick(FindCoordinator, { minVersion: type === 'group' ? 0 : 1 });
    const keyType = KEY_TYPES[type];
    const response = await connection.send(
      FindCoordinator,
      version,
      version >= 4 ? { keyType, coordinatorKeys: [key] } : { key, ...(version >= 1 && { keyType }) },
    );
    const found = version >= 4 ? response.coordinators[0] : response;
    const code = found?.errorCode ?? ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (found === undefined || code !== ErrorCode.NONE) {
      throw kafkaFailure(code, `Finding ${describeTarget({ coordinator: [type, key] })}`, {
        message: found?.errorMessage,
        context: { broker: connection.broker, [type]: key },
      });
    }
    const node: NodeInfo = { id: found.nodeId, host: found.host, port: found.port, rack: null };
    if (this.#known.size >= MAX_ENTRIES) this.#known.clear();
    this.#known.set(`${type} ${key}`, node);
    return node;
  }
}
