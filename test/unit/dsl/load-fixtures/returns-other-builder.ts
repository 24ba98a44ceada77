import { StreamsBuilder } from '../../../../src/dsl/index.ts';
import { Serdes } from '../../../../src/serde/index.ts';

export default async function define(): Promise<StreamsBuilder<string, string>> {
  const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
  builder.stream('in').to('out');
  return builder;
}
