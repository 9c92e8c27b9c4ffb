// Rivals are loaded from their own folder, which has a package list of its own.

/** The module of this name in bench/rivals; whoever loads it says what it uses of it. */
export async function rival(name: string): Promise<unknown> {
  const loader: { load(name: string): Promise<unknown> } = await import(
    new URL('../../../bench/rivals/load.mjs', import.meta.url).href
  )
  return loader.load(name)
}
