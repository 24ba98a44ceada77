import { Serdes, type StreamsBuilder } from 'millrace';

/** Joins a stream with a table of another partition count. */
export default function join(builder: StreamsBuilder): void {
  const serdes = { keySerde: Serdes.String(), valueSerde: Serdes.String() };
  const table = builder.table<string, string>('narrow', serdes);
  builder
    .stream<string, string>('wide', serdes)
    .join(table, (value, row) => value + row)
    .to('out', serdes);
}
