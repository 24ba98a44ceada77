import { Worker } from 'node:worker_threads';
import { deserializeError, MillraceError } from '../errors.ts';
import { workerEntry } from '../worker-entry.ts';
import type { BrokerCall, BrokerFacts, FromBrokerThread } from './broker-thread.ts';
import type { ControlCall } from './control/controls.ts';
import type { ResolvedBrokerOptions } from './options.ts';

type WithoutId<C> = C extends { readonly id: number } ? Omit<C, 'id'> : never;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A broker in a worker thread, seen from the thread that started it. */
export class BrokerThread {
  readonly facts: BrokerFacts;
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 0;
  #ended: Error | undefined;

  /** Rejects with what starting the broker failed with. */
  static start(options: ResolvedBrokerOptions): Promise<BrokerThread> {
    const { url, execArgv } = workerEntry(new URL('../../workers/broker.ts', import.meta.url));
    const worker = new Worker(new URL(url), { workerData: options, execArgv, name: 'millrace-broker' });
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => settle(() => reject(asError(error)));
      const exited = (code: number): void =>
        failed(new MillraceError('INTERNAL', `The broker's thread ended with code ${code} before it was up.`));
      const answered = (message: FromBrokerThread): void => {
        if (message.type === 'started') settle(() => resolve(new BrokerThread(worker, message.facts)));
        else if (message.type === 'start-failed')
          settle(() => void worker.terminate().then(() => reject(deserializeError(message.error)), reject));
      };
      // Each by name: a worker without any listeners, as after removeAllListeners(), delivers no messages any more.
      const settle = (how: () => void): void => {
        how();
        worker.off('error', failed).off('exit', exited).off('message', answered);
      };
      worker.on('error', failed).on('exit', exited).on('message', answered);
    });
  }

  private constructor(worker: Worker, facts: BrokerFacts) {
    this.#worker = worker;
    this.facts = facts;
    worker.on('message', (message: FromBrokerThread) => this.#answered(message));
    worker.on('error', (error) => this.#end(asError(error)));
    worker.on('exit', () => this.#end(new MillraceError('INVALID_STATE', 'The broker is closed.')));
  }

  control(control: ControlCall): Promise<unknown> {
    return this.#call({ type: 'control', control });
  }

  /** Stops the broker in order and waits for the end of its thread. */
  async close(): Promise<void> {
    const exited = this.#ended === undefined ? new Promise((resolve) => this.#worker.once('exit', resolve)) : undefined;
    await this.#call({ type: 'close' });
    await exited;
  }

  #call(call: WithoutId<BrokerCall>): Promise<unknown> {
    if (this.#ended !== undefined) return call.type === 'close' ? Promise.resolve() : Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...call, id });
    });
  }

  #answered(message: FromBrokerThread): void {
    if (message.type !== 'done' && message.type !== 'failed') return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'done') pending?.resolve(message.result);
    else pending?.reject(deserializeError(message.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
