import type { StreamsBuilder } from '../../../../src/dsl/index.ts';
import { Serdes } from '../../../../src/serde/index.ts';

export default function define(builder: StreamsBuilder): void {
  builder.stream('in', { keySerde: Serdes.String(), valueSerde: Serdes.String() }).to('out');
}
