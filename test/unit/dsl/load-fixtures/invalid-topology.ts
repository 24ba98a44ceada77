import type { StreamsBuilder } from '../../../../src/dsl/index.ts';

export default function define(builder: StreamsBuilder): void {
  builder.stream('in', { name: 'not a legal name' });
}
