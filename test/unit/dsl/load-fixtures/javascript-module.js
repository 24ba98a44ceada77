/** @param {import('../../../../src/dsl/index.ts').StreamsBuilder} builder */
export default (builder) => {
  builder.stream('in').to('out');
};
