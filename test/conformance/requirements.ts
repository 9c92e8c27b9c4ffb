// All duties of the five RFCs that this implementation is made by, in their order.

import { type Row, rowsOf, type Section } from './requirement.ts'
import { ORCHIDS } from './requirements/rfc7343.ts'
import { ASSOCIATION } from './requirements/rfc7401-association.ts'
import { PACKETS } from './requirements/rfc7401-packets.ts'
import { PARAMETERS_OF_PACKETS } from './requirements/rfc7401-parameters.ts'
import { PROCESSING } from './requirements/rfc7401-processing.ts'
import { ESP_TRANSPORT } from './requirements/rfc7402.ts'
import { REGISTRATIONS } from './requirements/rfc8003.ts'
import { MOBILITY } from './requirements/rfc8046.ts'

export const SECTIONS: readonly Section[] = [
  ...ASSOCIATION,
  ...PARAMETERS_OF_PACKETS,
  ...PACKETS,
  ...PROCESSING,
  ...ESP_TRANSPORT,
  ...MOBILITY,
  ...ORCHIDS,
  ...REGISTRATIONS,
]

export const ROWS: readonly Row[] = rowsOf(SECTIONS)
