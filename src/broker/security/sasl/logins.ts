/** Logging in on all listeners of a broker. Loaded only where clients log in: others need not spend the time. */

import { scramMechanismByName } from '../../../protocol/index.ts';
import type { ConfigStore } from '../../configs/config-store.ts';
import type { BrokerLogger } from '../../logger.ts';
import type { Clock } from '../../seams.ts';
import type { FrameHandler } from '../../server/connection.ts';
import type { ResolvedSasl } from '../options.ts';
import type { SaslExchange } from './exchange.ts';
import { PlainExchange } from './plain-exchange.ts';
import { PlainUsers } from './plain-users.ts';
import { SaslGate, type SaslSettings } from './sasl-gate.ts';
import { type ScramCredentialSource, ScramExchange } from './scram-exchange.ts';

export interface LoginDeps {
  readonly options: ResolvedSasl;
  readonly credentials: ScramCredentialSource;
  readonly configs: ConfigStore;
  readonly clock: Clock;
  readonly log: BrokerLogger;
}

export class Logins {
  readonly #settings: SaslSettings;
  readonly #credentials: ScramCredentialSource;
  readonly #plain: PlainUsers;

  constructor({ options, credentials, configs, clock, log }: LoginDeps) {
    this.#credentials = credentials;
    this.#plain = new PlainUsers(options.users);
    this.#settings = {
      mechanisms: options.mechanisms,
      sessionLifetimeMs: Math.max(configs.number('connections.max.reauth.ms'), 0),
      failureDelayMs: configs.number('connection.failed.authentication.delay.ms'),
      maxReceiveBytes: configs.number('sasl.server.max.receive.size'),
      maxRequestBytes: configs.number('socket.request.max.bytes'),
      clock,
      log,
      begin: (mechanism) => this.#begin(mechanism),
    };
  }

  /** What stands before `next` on one connection. */
  gateBefore(next: FrameHandler): FrameHandler {
    return new SaslGate(this.#settings, next);
  }

  #begin(name: string): SaslExchange {
    const scram = scramMechanismByName(name);
    return scram === undefined ? new PlainExchange(this.#plain) : new ScramExchange(scram, this.#credentials);
  }
}
