// What was written into a packet, as plain data: it comes back when the packet is acknowledged or lost.

export type SentFrame =
  | {
      readonly kind: 'stream'
      readonly id: number
      readonly offset: number
      readonly length: number
      readonly fin: boolean
    }
  | { readonly kind: 'stream-open' | 'reset-stream' | 'stop-sending'; readonly id: number }
  | { readonly kind: 'max-stream-data' | 'stream-data-blocked'; readonly id: number; readonly limit: number }
  | { readonly kind: 'max-data' | 'max-streams' | 'data-blocked' | 'streams-blocked'; readonly limit: number }

/** Those that are about one stream. */
export type OfStream = Extract<SentFrame, { readonly id: number }>

/** Those that are about all streams. */
export type OfAll = Exclude<SentFrame, OfStream>
