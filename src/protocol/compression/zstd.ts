import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as zlib from 'node:zlib';
import { asBuffer, type CompressionCodec, checkOutput, loadPackage, resolvePackage } from './codec.ts';
import { type ZstdFrame, zstdFrames } from './zstd-frame.ts';

/** One implementation of zstd, one frame at a time. */
interface ZstdEngine {
  compress(bytes: Uint8Array, level: number): Uint8Array;
  /** `maxBytes` is what the frame can unpack to at most. */
  decompressFrame(frame: Buffer, maxBytes: number): Uint8Array;
}

/** zstd's own default. */
const DEFAULT_LEVEL = 3;
const PACKAGE = '@bokuweb/zstd-wasm';

let loaded: ZstdEngine | undefined;

function engine(): ZstdEngine {
  loaded ??= nodeEngine() ?? wasmEngine();
  return loaded;
}

/** Level 1 to 22; default 3. Node's own zstd where there is one (22.15 and later), else the C library as WebAssembly. */
export const zstd: CompressionCodec = {
  compress: (bytes, level) => engine().compress(bytes, level ?? DEFAULT_LEVEL),
  decompress(bytes, maxBytes) {
    const input = asBuffer(bytes);
    const frames = zstdFrames(input);
    checkOutput(
      frames.reduce((sum, frame) => sum + frame.outputBound, 0),
      maxBytes,
    );
    const parts = frames.map((frame) => decompressFrame(input, frame));
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  },
};

function decompressFrame(input: Buffer, frame: ZstdFrame): Uint8Array {
  if (frame.outputBound === 0) return Buffer.alloc(0);
  return engine().decompressFrame(input.subarray(frame.start, frame.end), frame.outputBound);
}

/** What Node 22.15 added to `node:zlib`; the types of Node 20 lack it. */
interface ZlibWithZstd {
  readonly zstdCompressSync: (bytes: Uint8Array, options: { readonly params: Record<number, number> }) => Buffer;
  readonly zstdDecompressSync: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

function hasZstd(module: object): module is ZlibWithZstd {
  return 'zstdCompressSync' in module && 'zstdDecompressSync' in module;
}

function nodeEngine(): ZstdEngine | undefined {
  const module: object = zlib;
  if (!hasZstd(module)) return undefined;
  const { zstdCompressSync, zstdDecompressSync, constants } = module;
  return {
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
    decompressFrame: (frame, maxBytes) => zstdDecompressSync(frame, { maxOutputLength: maxBytes }),
  };
}

interface WasmPackage {
  compress(bytes: Uint8Array, level: number): Uint8Array;
  decompress(bytes: Uint8Array, options: { readonly defaultHeapSize: number }): Uint8Array;
}

/** What is used of the global `WebAssembly`, which belongs to no library that this package compiles with. */
interface WebAssemblyApi {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

/** The parts of the package's Emscripten module that matter here. */
interface WasmModule {
  instantiateWasm?: (imports: object, receive: (instance: object) => unknown) => unknown;
  init(binary: Uint8Array): void;
}

/**
 * The package only offers to load its binary asynchronously, but a codec is needed in the middle of synchronous work,
 * and a top-level await would reach every module that imports this one. So its module is started by Emscripten's hook
 * for doing that oneself. The package's version is fixed for that reason.
 */
function wasmEngine(): ZstdEngine {
  const zstdPackage = loadPackage<WasmPackage>(PACKAGE, 'zstd');
  const folder = dirname(resolvePackage(PACKAGE));
  const { Module } = loadPackage<{ Module: WasmModule }>(join(folder, 'zstd.js'), 'zstd');
  const binary = readFileSync(join(folder, 'zstd.wasm'));
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  const compiled = new wasm.Module(binary);
  Module.instantiateWasm = (imports, receive) => receive(new wasm.Instance(compiled, imports));
  Module.init(binary);
  return {
    compress: (bytes, level) => zstdPackage.compress(bytes, level),
    // Frames of streaming encoders, such as Java's, do not say their size; then this much room is made.
    decompressFrame: (frame, maxBytes) => zstdPackage.decompress(frame, { defaultHeapSize: maxBytes }),
  };
}
