import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import {
  type Api,
  ApiVersions,
  allApis,
  apiByKey,
  decodeRequest,
  decodeRequestHeader,
  encodeResponseFrame,
  FrameSplitter,
  Metadata,
  type RequestOf,
  type ResponseInput,
} from '../../../src/protocol/index.ts';

/** One request as it came. */
export interface Asked {
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly body: RequestOf<Api>;
  readonly socket: Socket;
}

/** What a script answers: a body, or nothing (the script dealt with the socket itself, or stays silent). */
type Answer = ResponseInput<Api> | undefined;
type Script = (asked: Asked) => Answer | Promise<Answer>;

/** A broker that does what the test says, over real sockets. ApiVersions and Metadata answer by themselves unless scripted. */
export class FakeBroker {
  readonly asked: Asked[] = [];
  readonly nodeId: number;
  /** What Metadata says: this broker alone, unless the test adds others. */
  readonly cluster: FakeBroker[] = [];
  topics: { readonly name: string; readonly leaders: readonly number[]; readonly epoch?: number }[] = [];
  apiRanges = new Map<number, [number, number]>(allApis.map(({ key, versions }) => [key, [versions[0], versions[1]]]));
  features: { name: string; maxVersionLevel: number; minVersionLevel: number }[] = [];
  connections = 0;
  readonly #scripts = new Map<number, Script>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(nodeId = 1): Promise<FakeBroker> {
    const fake = new FakeBroker(nodeId);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    fake.cluster.push(fake);
    return fake;
  }

  private constructor(nodeId: number) {
    this.nodeId = nodeId;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  on<A extends Api>(
    api: A,
    script: (
      asked: Omit<Asked, 'body'> & { readonly body: RequestOf<A> },
    ) => ResponseInput<A> | undefined | Promise<ResponseInput<A> | undefined>,
  ): void {
    this.#scripts.set(api.key, script as unknown as Script);
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  count(api: Api): number {
    return this.asked.filter((one) => one.api.key === api.key).length;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    const splitter = new FrameSplitter();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let turn: Promise<void> = Promise.resolve();
    socket.on('data', (chunk) => {
      for (const frame of splitter.push(chunk)) turn = turn.then(() => this.#answer(socket, frame));
    });
  }

  async #answer(socket: Socket, frame: Buffer): Promise<void> {
    const header = decodeRequestHeader(frame);
    const api = apiByKey(header.apiKey)!;
    const version = header.apiVersion;
    const body = decodeRequest(api, version, frame, header.bodyOffset);
    const asked: Asked = { api, version, correlationId: header.correlationId, clientId: header.clientId, body, socket };
    this.asked.push(asked);
    const script = this.#scripts.get(api.key) ?? this.#byItself(api);
    const answer = await script(asked);
    if (answer === undefined || socket.destroyed) return;
    for (const part of encodeResponseFrame(api, version, header.correlationId, answer)) socket.write(part);
  }

  #byItself(api: Api): Script {
    if (api.key === ApiVersions.key) return () => this.versionsAnswer();
    if (api.key === Metadata.key) return ({ body }) => this.metadataAnswer(body as RequestOf<typeof Metadata>);
    throw new Error(`${api.name} is not scripted`);
  }

  versionsAnswer(): ResponseInput<typeof ApiVersions> {
    return {
      errorCode: 0,
      apiKeys: [...this.apiRanges].map(([apiKey, [minVersion, maxVersion]]) => ({ apiKey, minVersion, maxVersion })),
      finalizedFeatures: this.features,
    };
  }

  metadataAnswer(body: RequestOf<typeof Metadata>): ResponseInput<typeof Metadata> {
    const names = body.topics?.map(({ name }) => name) ?? this.topics.map(({ name }) => name);
    return {
      brokers: this.cluster.map(({ nodeId, port }) => ({ nodeId, host: '127.0.0.1', port })),
      clusterId: 'fake',
      controllerId: this.nodeId,
      topics: names.map((name) => {
        const topic = this.topics.find((one) => one.name === name);
        const partitions = (topic?.leaders ?? []).map((leaderId, partitionIndex) => ({
          errorCode: leaderId < 0 ? 5 : 0,
          partitionIndex,
          leaderId,
          leaderEpoch: topic?.epoch ?? 0,
          replicaNodes: [],
          isrNodes: [],
        }));
        return { errorCode: topic === undefined ? 3 : 0, name, topicId: topicId(name ?? ''), partitions };
      }),
    };
  }
}

/** The same for the same name. */
export function topicId(name: string): Buffer {
  return createHash('md5').update(name).digest();
}
