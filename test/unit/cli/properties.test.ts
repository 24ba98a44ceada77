import { expect, it } from 'vitest';
import { parseProperties } from '../../../src/cli/properties.ts';

it('reads properties as java.util.Properties does', () => {
  const text = [
    '# a comment',
    '! another',
    '',
    'a=1',
    'b : 2',
    'c 3',
    '  spaced.key = value with blanks  ',
    'long = one \\',
    '   two \\',
    '   three',
    'escaped\\=key=x\\ty\\u0041',
    'path=C:\\\\dir',
    'even\\\\\\\\',
    'empty=',
    'bare',
    'last=\\',
  ].join('\n');
  expect(parseProperties(text)).toEqual({
    a: '1',
    b: '2',
    c: '3',
    'spaced.key': 'value with blanks',
    long: 'one two three',
    'escaped=key': 'x\tyA',
    path: 'C:\\dir',
    'even\\\\': '',
    empty: '',
    bare: '',
    last: '',
  });
});

it('takes line ends of any system, and does not go on with a line after a comment that ends with a backslash', () => {
  expect(parseProperties('a=1\r\nb=2\rc=3')).toEqual({ a: '1', b: '2', c: '3' });
  expect(parseProperties('# comment \\\na=1')).toEqual({ a: '1' });
});
