/** Lets modules be TypeScript from now on, as topologies may be. In a clone the launcher has done that already. */
export async function registerTypeScript(): Promise<void> {
  if (import.meta.url.endsWith('.ts')) return;
  const { register } = await import('tsx/esm/api');
  register();
}
