/** What a scenario is, and what it gets. They use nothing of the test runner: some clients run in a Node of their own. */
import type { Ability, ConsumerOptions, ProducerOptions, ReadRecord, TestAdmin, TestClient, TestConsumer, TestProducer } from './client.ts';

const PATIENCE_MS = 60_000;
const BETWEEN_LOOKS_MS = 20;

/** Stops and starts nodes of the embedded broker; Apache Kafka's cannot be. */
export interface NodeControl {
  stop(node: number): Promise<void>;
  start(node: number): Promise<void>;
}

export interface Scenario {
  readonly name: string;
  /** Clients that lack one of these do not run it. */
  readonly needs?: readonly Ability[];
  /** Only with a broker whose nodes can be stopped. */
  readonly stopsNodes?: boolean;
  run(stage: Stage): Promise<void>;
}

/** A client, with names of the scenario's own; what it makes is closed at the end. */
export class Stage {
  readonly nodes: NodeControl | undefined;
  readonly #client: TestClient;
  readonly #prefix: string;
  readonly #open: { close(): Promise<void> }[] = [];

  constructor(client: TestClient, prefix: string, nodes: NodeControl | undefined) {
    this.#client = client;
    this.#prefix = prefix;
    this.nodes = nodes;
  }

  /** True when the client can do this; for what a scenario looks at more closely then. */
  has(ability: Ability): boolean {
    return this.#client.abilities.has(ability);
  }

  /** A name for a topic, group or transactional id that nobody else uses. */
  name(what: string): string {
    return `${this.#prefix}-${what}`;
  }

  async admin(): Promise<TestAdmin> {
    return this.#keep(await this.#client.admin());
  }

  async producer(options?: ProducerOptions): Promise<TestProducer> {
    return this.#keep(await this.#client.producer(options));
  }

  async consumer(options: ConsumerOptions): Promise<TestConsumer> {
    return this.#keep(await this.#client.consumer(options));
  }

  /** Makes a topic of its own. */
  async topic(what: string, partitions = 1, configs: Readonly<Record<string, string>> = {}, replicas = 1): Promise<string> {
    const name = this.name(what);
    const admin = await this.#client.admin();
    try {
      await admin.createTopic({ name, partitions, configs, replicas });
      await until(`topic ${name} is there`, async () => (await admin.topics()).includes(name));
    } finally {
      await admin.close();
    }
    return name;
  }

  async close(): Promise<void> {
    for (const each of this.#open.reverse()) await each.close();
  }

  /** Closed once, by the scenario or at the end. */
  #keep<T extends { close(): Promise<void> }>(made: T): T {
    const close = made.close.bind(made);
    let closing: Promise<void> | undefined;
    made.close = () => {
      closing ??= close();
      return closing;
    };
    this.#open.push(made);
    return made;
  }
}

/** Waits until something is so. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
}

/** Waits for this many records. Those that come beyond them are returned, too. */
export async function take(consumer: TestConsumer, count: number): Promise<readonly ReadRecord[]> {
  try {
    await until(`${count} records are there`, () => consumer.received.length >= count);
  } catch (error) {
    const values = consumer.received.map(({ value }) => value?.slice(0, 20));
    throw new Error(`${String(error)}; there are ${values.length}: ${values.slice(0, 20).join(' ')}`, { cause: error });
  }
  return consumer.received;
}

/** Sets the scenario up, runs it and cleans up, also when it fails. */
export async function runScenario(scenario: Scenario, client: TestClient, prefix: string, nodes: NodeControl | undefined): Promise<void> {
  const stage = new Stage(client, prefix, nodes);
  try {
    await scenario.run(stage);
  } catch (error) {
    // What fails while things are closed then is not what went wrong.
    await stage.close().catch(() => {});
    throw error;
  }
  await stage.close();
}

/** Why a client does not run a scenario; undefined: it does. */
export function reasonToSkip(scenario: Scenario, client: TestClient, canStopNodes: boolean): string | undefined {
  const missing = scenario.needs?.filter((ability) => !client.abilities.has(ability)) ?? [];
  if (missing.length > 0) return `${client.name} lacks ${missing.join(', ')}`;
  if (scenario.stopsNodes === true && !canStopNodes) return 'nodes of this broker cannot be stopped';
  return undefined;
}
