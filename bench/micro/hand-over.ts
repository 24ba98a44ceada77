import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Bench } from 'tinybench';

const BATCH_BYTES = 128 * 1024;

/** A batch to another thread and a word back, the way coordinator and shards talk: one transferred buffer. */
export async function handOverTasks(bench: Bench): Promise<() => Promise<number>> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.once('message', ({ port }) => port.on('message', ({ bytes }) => port.postMessage({ bytes }, [bytes.buffer])));`,
    { eval: true },
  );
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port2 }, [port2]);
  let bytes = new Uint8Array(BATCH_BYTES);
  bench.add('hand-over: 128 KiB to a thread and back', async () => {
    port1.postMessage({ bytes }, [bytes.buffer]);
    const [message] = (await once(port1, 'message')) as [{ bytes: Uint8Array<ArrayBuffer> }];
    bytes = message.bytes;
  });
  return async () => {
    port1.close();
    return worker.terminate();
  };
}
