/**
 * The subject of a certificate as Kafka writes it in principals: Java's `X500Principal.getName()`, which is RFC 2253 with
 * Java's choices. It is read from the certificate's own bytes, as what OpenSSL prints of it is not the same.
 */

const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION_TAG = 0xa0;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const BMP_STRING = 0x1e;
const UNIVERSAL_STRING = 0x1c;
/** PrintableString, T61String and IA5String: one byte a character. */
const BYTE_STRINGS = new Set([0x13, 0x14, 0x16]);

/** The attributes that RFC 2253 has names for; others go by their numbers. */
const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
};

const ESCAPED = /[,=+<>#;"\\]/g;

/** One tag, length and value of DER. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length as well. */
  readonly whole: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** `certificate` is DER. Throws RangeError when it is none; TLS has checked it before. */
export function subjectName(certificate: Buffer): string {
  return nameText(subjectOf(certificate));
}

/** `tbsCertificate` has: version (optional), serial number, signature algorithm, issuer, validity, subject. */
function subjectOf(certificate: Buffer): Buffer {
  const body = children(children(read(certificate, 0).content)[0]!.content);
  const fields = body[0]?.tag === VERSION_TAG ? body.slice(1) : body;
  const subject = fields[4];
  if (subject?.tag !== SEQUENCE) throw new RangeError('The certificate has no subject.');
  return subject.content;
}

/** The last part of the name comes first. */
function nameText(content: Buffer): string {
  const parts = children(content).map((set) => {
    if (set.tag !== SET) throw new RangeError('A part of the name is no set.');
    return children(set.content).map(attributeText).join('+');
  });
  return parts.reverse().join(',');
}

function attributeText(attribute: Element): string {
  const [type, value] = children(attribute.content);
  if (type?.tag !== OBJECT_IDENTIFIER || value === undefined) throw new RangeError('An attribute of the name has no type or value.');
  const id = identifierText(type.content);
  const keyword = KEYWORDS[id];
  const text = keyword === undefined ? undefined : stringOf(value);
  return text === undefined ? `${keyword ?? id}=#${value.whole.toString('hex')}` : `${keyword}=${escapeValue(text)}`;
}

function stringOf({ tag, content }: Element): string | undefined {
  if (tag === UTF8_STRING) return content.toString('utf8');
  if (BYTE_STRINGS.has(tag)) return content.toString('latin1');
  if (tag === BMP_STRING) return characters(content, 2);
  return tag === UNIVERSAL_STRING ? characters(content, 4) : undefined;
}

function characters(content: Buffer, width: number): string {
  let text = '';
  for (let at = 0; at + width <= content.length; at += width) text += String.fromCodePoint(content.readUIntBE(at, width));
  return text;
}

/** Blanks within stay as they are, those at the ends are escaped. */
function escapeValue(text: string): string {
  return text
    .replace(ESCAPED, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ \r]+/, (blanks) => blanks.replace(/./gs, '\\$&'))
    .replace(/[ \r]+$/, (blanks, at: number) => (at === 0 ? blanks : blanks.replace(/./gs, '\\$&')));
}

function identifierText(content: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  const first = numbers.shift() ?? 0;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...numbers].join('.');
}

function children(content: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < content.length; at = elements.at(-1)!.end) elements.push(read(content, at));
  return elements;
}

function read(buffer: Buffer, at: number): Element {
  const tag = buffer[at];
  const first = buffer[at + 1];
  if (tag === undefined || first === undefined) throw new RangeError('The certificate ends too early.');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const lengthBytes = first & 0x7f;
    if (lengthBytes < 1 || lengthBytes > 4) throw new RangeError('A length in the certificate is not as DER has it.');
    length = buffer.readUIntBE(start, lengthBytes);
    start += lengthBytes;
  }
  const end = start + length;
  if (end > buffer.length) throw new RangeError('The certificate ends too early.');
  return { tag, content: buffer.subarray(start, end), whole: buffer.subarray(at, end), end };
}
