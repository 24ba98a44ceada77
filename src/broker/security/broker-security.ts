/** Who may connect to this broker and what they may do, in one place. */

import { SCRAM_MECHANISMS, scramMechanismByName } from '../../protocol/index.ts';
import type { ConfigStore } from '../configs/config-store.ts';
import type { AnyApiHandler, HandlerMap } from '../coordinator/handler-map.ts';
import type { BrokerLogger } from '../logger.ts';
import type { Clock } from '../seams.ts';
import type { FrameHandler } from '../server/connection.ts';
import { Access } from './access.ts';
import { AclStore } from './acl/acl-store.ts';
import { AclAuthorizer } from './acl/authorizer.ts';
import { addAclHandlers } from './acl/handlers.ts';
import { type GuardDeps, guarded, guardsOf } from './guards/index.ts';
import type { ResolvedSecurity } from './options.ts';
import type { SecurityRecord } from './records.ts';
import type { SaslExchange } from './sasl/exchange.ts';
import { addSaslHandlers } from './sasl/handlers.ts';
import { PlainExchange } from './sasl/plain-exchange.ts';
import { PlainUsers } from './sasl/plain-users.ts';
import { SaslGate, type SaslSettings } from './sasl/sasl-gate.ts';
import { ScramCredentials } from './sasl/scram-credentials.ts';
import { ScramExchange } from './sasl/scram-exchange.ts';
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
  readonly #plain: PlainUsers;
  #tls: TlsListener | undefined;

  constructor(deps: SecurityDeps) {
    const { protocol, authorization, sasl } = deps.options;
    this.#deps = deps;
    this.protocol = protocol;
    this.#acls = new AclStore(deps.append);
    this.#scram = new ScramCredentials(deps.append);
    this.#plain = new PlainUsers(sasl?.users ?? {});
    this.access = authorization === undefined ? undefined : new Access(new AclAuthorizer(this.#acls, authorization));
  }

  /** What TLS of all listeners is; undefined without. */
  get tls(): TlsListener | undefined {
    return this.#tls;
  }

  /** A record of the metadata log, when the broker starts. */
  replay(record: SecurityRecord): void {
    if (record.type === 'acl' || record.type === 'acl-deleted') this.#acls.replay(record);
    else this.#scram.replay(record);
  }

  snapshot(): SecurityRecord[] {
    return [...this.#scram.snapshot(), ...this.#acls.snapshot()];
  }

  /** After the metadata log was read: makes credentials of the users in the options. Rejects with INVALID_CONFIG. */
  async start(): Promise<void> {
    const { options, configs } = this.#deps;
    if (options.tls !== undefined) {
      // Loading Node's TLS takes milliseconds that a broker without it need not spend.
      const { TlsListener } = await import('./tls/tls-listener.ts');
      this.#tls = new TlsListener(options.tls, configs.value('ssl.principal.mapping.rules') ?? 'DEFAULT');
    }
    if (options.sasl === undefined) return;
    const { mechanisms, users } = options.sasl;
    const scram = SCRAM_MECHANISMS.filter(({ name }) => mechanisms.includes(name));
    if (scram.length > 0) await this.#scram.seed(users, scram);
  }

  /** What serves a connection: `dispatcher` itself, or a gate before it for each connection. */
  handlerFor(dispatcher: FrameHandler): () => FrameHandler {
    const { options } = this.#deps;
    if (options.sasl === undefined) return () => dispatcher;
    const settings = this.#saslSettings(options.sasl.mechanisms);
    return () => new SaslGate(settings, dispatcher);
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
  guards(topics: GuardDeps['topics']): (key: number, handler: AnyApiHandler) => AnyApiHandler {
    const { access } = this;
    if (access === undefined) return (_, handler) => handler;
    const deps: GuardDeps = { access, topics, configs: this.#deps.configs };
    const guards = guardsOf(deps);
    return (key, handler) => guarded(guards, deps, key, handler);
  }

  #saslSettings(mechanisms: readonly string[]): SaslSettings {
    const { configs, clock, log } = this.#deps;
    return {
      mechanisms,
      sessionLifetimeMs: Math.max(configs.number('connections.max.reauth.ms'), 0),
      failureDelayMs: configs.number('connection.failed.authentication.delay.ms'),
      maxReceiveBytes: configs.number('sasl.server.max.receive.size'),
      maxRequestBytes: configs.number('socket.request.max.bytes'),
      clock,
      log,
      begin: (mechanism) => this.#beginLogin(mechanism),
    };
  }

  #beginLogin(name: string): SaslExchange {
    const scram = scramMechanismByName(name);
    return scram === undefined ? new PlainExchange(this.#plain) : new ScramExchange(scram, this.#scram);
  }
}
