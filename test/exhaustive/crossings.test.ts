// Every schedule of two moves at once (MOVING §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { CROSSINGS } from './scenarios.ts'

follow(CROSSINGS)
