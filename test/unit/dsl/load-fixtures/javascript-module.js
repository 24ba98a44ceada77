export default (builder) => {
  builder.stream('in').to('out');
};
