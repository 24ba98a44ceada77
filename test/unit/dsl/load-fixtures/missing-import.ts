const missing = './does-not-exist.ts';

export default await import(missing);
