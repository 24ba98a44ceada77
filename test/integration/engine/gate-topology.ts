import { existsSync } from 'node:fs';
import { Serdes, type StreamsBuilder } from 'millrace';

const CHECK_MS = 10;
const sleeping = new Int32Array(new SharedArrayBuffer(4));

/** Copies `input` to `copies`; the thread stands still until there is a file of the name in TEST_GATE. */
export default function gated(builder: StreamsBuilder): void {
  const gate = process.env.TEST_GATE ?? '';
  const string = Serdes.String();
  builder
    .stream<string, string>('input', { keySerde: string, valueSerde: string })
    .peek((key) => {
      while (key !== null && !existsSync(gate)) Atomics.wait(sleeping, 0, 0, CHECK_MS);
    })
    .to('copies', { keySerde: string, valueSerde: string });
}
