// The application's own state as it travels in a capsule: JSON, with bytes in base64.

/** Packs what a role has to remember. */
export function pack(value: Readonly<Record<string, unknown>>): Uint8Array {
  const text = JSON.stringify(value, (_key, item: unknown) =>
    item instanceof Uint8Array ? { base64: Buffer.from(item).toString('base64') } : item,
  )
  return Buffer.from(text)
}

/** Unpacks it. The bytes come out of an authenticated capsule that this very program packed: `T` is taken at its word. */
export function unpack<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString(), (_key, item: unknown) =>
    typeof item === 'object' && item !== null && 'base64' in item && typeof item.base64 === 'string'
      ? new Uint8Array(Buffer.from(item.base64, 'base64'))
      : item,
  )
}
