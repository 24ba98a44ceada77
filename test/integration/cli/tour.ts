import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { Broker, type BrokerOptions } from '../../../src/broker/index.ts';
import { type CommandOptions, type CommandResult, millrace } from './command.ts';

/** A cluster to try the commands on: the embedded broker, or with TEST_BOOTSTRAP any other, such as Apache Kafka. */
export class Tour {
  readonly bootstrap: string;
  /** True for a cluster that is not ours. */
  readonly foreign: boolean;
  readonly #broker: Broker | undefined;
  readonly #run = randomBytes(4).toString('hex');

  static async start(options: BrokerOptions = {}): Promise<Tour> {
    const foreign = process.env['TEST_BOOTSTRAP'];
    if (foreign !== undefined) return new Tour(foreign, undefined);
    const broker = await Broker.start({ logLevel: 'error', ...options });
    return new Tour(broker.bootstrapServers, broker);
  }

  private constructor(bootstrap: string, broker: Broker | undefined) {
    this.bootstrap = bootstrap;
    this.foreign = broker === undefined;
    this.#broker = broker;
  }

  /** A name that no other run has used. */
  name(what: string): string {
    return `cli-${what}-${this.#run}`;
  }

  /** Runs a command against the cluster, whatever comes of it. */
  try(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return millrace([...args, '--bootstrap', this.bootstrap], options);
  }

  /** Runs a command that has to succeed; resolves with its stdout. */
  async run(args: readonly string[], input?: string | Buffer): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, input === undefined ? {} : { input });
    expect(stderr, `millrace ${args.join(' ')}`).not.toContain('error');
    expect(code, `millrace ${args.join(' ')}: ${stderr}`).toBe(0);
    return stdout;
  }

  /** The same with `--json`; resolves with the document. */
  async json(args: readonly string[], input?: string | Buffer) {
    return JSON.parse(await this.run([...args, '--json'], input));
  }

  /** Runs a command that has to fail with an exit code; its stderr must contain every part and no stack. */
  async fails(code: number, args: readonly string[], parts: readonly string[], input?: string): Promise<void> {
    const result = await this.try(args, input === undefined ? {} : { input });
    for (const part of parts) expect(result.stderr).toContain(part);
    expect(result.stderr).not.toMatch(/\n\s+at .*:\d+/);
    expect(result.code, result.stderr).toBe(code);
  }

  async close(): Promise<void> {
    await this.#broker?.close();
  }
}

/** Lines of JSON as values. */
export function jsonLines(text: string): any[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
