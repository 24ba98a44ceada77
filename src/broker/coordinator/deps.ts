/** What both coordinators (groups and transactions) are given by the broker. */

import type { Clock, TopicRegistryApi } from '../seams.ts';

/** A node of this broker as clients reach it. */
export interface BrokerNode {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Where the coordinators write what an operator may want to read. */
export interface CoordinatorLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Broker settings by Kafka's names. Read at every use, so an object with getters makes them dynamic. */
export type BrokerConfig = Readonly<Record<string, string | undefined>>;

export interface CoordinatorDeps {
  readonly topics: TopicRegistryApi;
  readonly clock: Clock;
  readonly config: BrokerConfig;
  /** The live nodes. */
  nodes(): readonly BrokerNode[];
  /** Configs of one group (resource type GROUP), read at every use. Left out: no group has any. */
  groupConfig?(groupId: string): Readonly<Record<string, string | undefined>>;
  readonly log: CoordinatorLogger;
}

/** For tests and for brokers that log nothing. */
export const silentLogger: CoordinatorLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
