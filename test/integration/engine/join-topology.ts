import { JoinWindows, Serdes, type StreamsBuilder } from 'millrace';

/** On a cluster that is not the test's own, topics get a prefix by the environment. */
const topic = (name: string) => `${process.env.TEST_PREFIX ?? ''}${name}`;

const WITHIN_MS = 3_600_000;

/**
 * Records of `left` and `right` with the same value make one record of `joined`, under that value: both sides are re-keyed
 * first, and wait in their stores for as long as any test takes. A lost or repeated record of either side shows there.
 */
export default function joining(builder: StreamsBuilder): void {
  const string = Serdes.String();
  const serdes = { keySerde: string, valueSerde: string };
  const [left, right] = ['left', 'right'].map((name) => builder.stream<string, string>(topic(name), serdes).selectKey((_, value) => value));
  const windows = JoinWindows.ofTimeDifferenceAndGrace(WITHIN_MS, WITHIN_MS);
  const options = { ...serdes, otherValueSerde: string, name: 'pairs', storeName: 'pairs' };
  left!.outerJoin(right!, (one, other) => `${one}+${other}`, windows, options).to(topic('joined'), serdes);
}
