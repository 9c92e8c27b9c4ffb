// Addresses for worlds, of either family, none of which exists: RFC 5737 and RFC 3849 for documentation, RFC 1918 and RFC 4193
// behind translators.

const PREFIXES = {
  public: ['192.0.2', '2001:db8'],
  private: ['10.0.0', 'fd00'],
  translator: ['198.51.100', '2001:db8:1'],
  /** Nobody lives there: what goes there is a false locator's victim's. */
  victim: ['203.0.113', '2001:db8:dead'],
} as const

/** The address number `part` (1 to 254) of a kind. */
export function addressOf(family: 4 | 6, kind: keyof typeof PREFIXES, part: number): string {
  const [four, six] = PREFIXES[kind]
  return family === 4 ? `${four}.${part}` : `${six}::${part.toString(16)}`
}
