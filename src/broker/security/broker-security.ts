/** Who may connect to this broker and what they may do, in one place. */

import { MillraceError } from '../../errors.ts';
import { SCRAM_MECHANISMS } from '../../protocol/index.ts';
import type { ConfigStore } from '../configs/config-store.ts';
import type { AnyApiHandler, HandlerMap } from '../coordinator/handler-map.ts';
import type { BrokerLogger } from '../logger.ts';
import type { Clock } from '../seams.ts';
import type { FrameHandler } from '../server/connection.ts';
import { Access } from './access.ts';
import { AclStore } from './acl/acl-store.ts';
import { AclAuthorizer } from './acl/authorizer.ts';
import { addAclHandlers } from './acl/handlers.ts';
import type * as Guards from './guards/index.ts';
import type { ResolvedSecurity } from './options.ts';
import type { SecurityRecord } from './records.ts';
import { addSaslHandlers } from './sasl/handlers.ts';
import type { Logins } from './sasl/logins.ts';
import { ScramCredentials } from './sasl/scram-credentials.ts';
import { addScramHandlers } from './sasl/scram-handlers.ts';
import type { TlsListener } from './tls/tls-listener.ts';

export interface SecurityDeps {
  readonly options: ResolvedSecurity;
  readonly configs: ConfigStore;
  readonly clock: Clock;
  readonly log: BrokerLogger;
  /** Writes to the metadata log. */
  readonly append: (record: SecurityRecord) => void;
}

export class BrokerSecurity {
  readonly protocol: ResolvedSecurity['protocol'];
  /** Undefined: everybody may do everything. */
  readonly access: Access | undefined;
  readonly #deps: SecurityDeps;
  readonly #acls: AclStore;
  readonly #scram: ScramCredentials;
  #tls: TlsListener | undefined;
  #logins: Logins | undefined;
  #guards: typeof Guards | undefined;

  constructor(deps: SecurityDeps) {
    const { protocol, authorization } = deps.options;
    this.#deps = deps;
    this.protocol = protocol;
    this.#acls = new AclStore(deps.append);
    this.#scram = new ScramCredentials(deps.append);
    this.access = authorization === undefined ? undefined : new Access(new AclAuthorizer(this.#acls, authorization));
  }

  /** What TLS of all listeners is; undefined without. */
  get tls(): TlsListener | undefined {
    return this.#deps.options.tls === undefined ? undefined : started(this.#tls);
  }

  /** A record of the metadata log, when the broker starts. */
  replay(record: SecurityRecord): void {
    if (record.type === 'acl' || record.type === 'acl-deleted') this.#acls.replay(record);
    else this.#scram.replay(record);
  }

  snapshot(): SecurityRecord[] {
    return [...this.#scram.snapshot(), ...this.#acls.snapshot()];
  }

  /**
   * After the metadata log was read: makes credentials of the users in the options. Rejects with INVALID_CONFIG. What is
   * not wanted is not loaded: a broker that is open to all need not spend milliseconds of its start on it.
   */
  async start(): Promise<void> {
    const { options, configs, clock, log } = this.#deps;
    const { tls, sasl } = options;
    if (tls !== undefined) {
      const { TlsListener } = await import('./tls/tls-listener.ts');
      this.#tls = new TlsListener(tls, configs.value('ssl.principal.mapping.rules') ?? 'DEFAULT');
    }
    if (this.access !== undefined) this.#guards = await import('./guards/index.ts');
    if (sasl === undefined) return;
    const { Logins } = await import('./sasl/logins.ts');
    this.#logins = new Logins({ options: sasl, credentials: this.#scram, configs, clock, log });
    const scram = SCRAM_MECHANISMS.filter(({ name }) => sasl.mechanisms.includes(name));
    if (scram.length > 0) await this.#scram.seed(sasl.users, scram);
  }

  /** What serves a connection: `dispatcher` itself, or a gate before it for each connection. */
  handlerFor(dispatcher: FrameHandler): () => FrameHandler {
    if (this.#deps.options.sasl === undefined) return () => dispatcher;
    const logins = started(this.#logins);
    return () => logins.gateBefore(dispatcher);
  }

  /** The APIs that are about security. */
  handlers(): HandlerMap {
    const handlers: HandlerMap = new Map();
    addSaslHandlers(handlers);
    addAclHandlers(handlers, this.access === undefined ? undefined : this.#acls);
    addScramHandlers(handlers, this.#scram);
    return handlers;
  }

  /** Puts guards before handlers; without an authorizer they stay as they are. */
  guards(topics: Guards.GuardDeps['topics']): (key: number, handler: AnyApiHandler) => AnyApiHandler {
    const { access } = this;
    if (access === undefined) return (_, handler) => handler;
    const { guarded, guardsOf } = started(this.#guards);
    const deps: Guards.GuardDeps = { access, topics, configs: this.#deps.configs };
    const guards = guardsOf(deps);
    return (key, handler) => guarded(guards, deps, key, handler);
  }
}

/** A broker that is not secured yet must not serve anybody. */
function started<T>(part: T | undefined): T {
  if (part === undefined) throw new MillraceError('INVALID_STATE', 'The security of the broker has not been started.');
  return part;
}
