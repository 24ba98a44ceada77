import { Serdes, type StreamsBuilder } from 'millrace';

/** Reads JSON; a record with `fail` in it makes the user's function throw. */
export default function failing(builder: StreamsBuilder): void {
  builder
    .stream<string, { fail?: boolean }>('json', { keySerde: Serdes.String(), valueSerde: Serdes.Json<{ fail?: boolean }>() })
    .mapValues(
      (value) => {
        if (value.fail === true) throw new Error('the function failed');
        return value;
      },
      { name: 'check' },
    )
    .to('out', { keySerde: Serdes.String(), valueSerde: Serdes.Json() });
}
