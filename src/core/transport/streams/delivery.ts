// What became of something that is sent until it is acknowledged: a FIN, a STREAM_OPEN, a RESET_STREAM, a STOP_SENDING.

/** Not due; due; under way; acknowledged, for good. */
export type Delivery = 'idle' | 'queued' | 'sent' | 'acked'

/** After a loss, or a thaw. */
export function again(delivery: Delivery): Delivery {
  return delivery === 'sent' ? 'queued' : delivery
}

/** After an acknowledgement, which may come for an earlier copy of one that is due again. */
export function delivered(delivery: Delivery): Delivery {
  return delivery === 'idle' ? 'idle' : 'acked'
}
