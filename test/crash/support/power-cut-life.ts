import { Broker, type BrokerOptions } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import type { BrokerLife } from './broker-life.ts';
import { PowerCutFileSystem, type PowerCutOptions } from './power-cut-file-system.ts';
import type { Random } from './random.ts';

const MAX_LINES = 2000;

/** A broker in this process, on a disk whose power is cut. */
export class PowerCutLife implements BrokerLife {
  port = 0;
  fs: PowerCutFileSystem;
  readonly output: string[] = [];
  readonly #random: Random;
  #broker: Broker | undefined;
  #starting: Promise<Broker> | undefined;
  #cuts = 0;

  constructor(random: Random, options?: PowerCutOptions) {
    this.#random = random;
    this.fs = new PowerCutFileSystem(options);
  }

  async start(options: BrokerOptions): Promise<boolean> {
    const cuts = this.#cuts;
    const starting = Broker.start({ ...options, port: this.port, thread: false, fs: this.fs, log: this.#log() });
    this.#starting = starting;
    try {
      this.#broker = await starting;
    } catch (error) {
      if (this.#cuts === cuts) throw error;
      return false;
    }
    this.port = this.#broker.port;
    return true;
  }

  async kill(): Promise<void> {
    const dead = this.fs;
    this.#cuts++;
    this.fs = dead.cutPower(this.#random);
    await this.#end();
    // Held by this process, which outlives the power cut; after a real one nobody holds it.
    for (const name of this.fs.exists('/data') ? this.fs.list('/data') : []) {
      if (name.startsWith('.lock')) this.fs.remove(`/data/${name}`);
    }
  }

  async stop(): Promise<void> {
    await this.#broker?.close();
    this.#broker = undefined;
  }

  /** Gives port and timers of the dead broker free; it can no longer write. */
  async #end(): Promise<void> {
    // At once, so that no client is told of the errors of a disk without power.
    const closed = this.#broker?.close();
    this.#broker = undefined;
    await this.#starting
      ?.then(
        (broker) => broker.close(),
        () => undefined,
      )
      .catch(() => undefined);
    await closed?.catch(() => undefined);
  }

  #log(): BrokerLogger {
    const note = (level: string) => (message: string) => {
      this.output.push(`${level} ${message}`);
      this.output.splice(0, Math.max(this.output.length - MAX_LINES, 0));
    };
    return { debug: () => undefined, info: note('info'), warn: note('warn'), error: note('error') };
  }
}
