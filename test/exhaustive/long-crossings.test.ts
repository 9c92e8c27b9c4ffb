// Every schedule of two moves at once in the same places, and of two moves of one end and one of the other (MOVING §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { LONG_CROSSINGS } from './scenarios.ts'

follow(LONG_CROSSINGS)
