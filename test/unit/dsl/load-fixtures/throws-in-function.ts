export default function define(): void {
  throw new TypeError('cannot read the schema');
}
