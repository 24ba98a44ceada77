import { Serdes } from '../../../../src/serde/index.ts';
import { Topology } from '../../../../src/topology/index.ts';

export default new Topology({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() })
  .addSource('source', 'in')
  .addSink('sink', 'out', 'source');
