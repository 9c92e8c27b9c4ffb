// Every schedule of base exchanges, of both ends at once too (RFC 7401 §4.4.4).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { OPENS } from './scenarios.ts'

follow(OPENS)
