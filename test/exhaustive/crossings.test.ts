// Every schedule of two moves at once, and of rekeys that a move overtakes (MOVING §3, §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { CROSSINGS, REKEYS } from './scenarios.ts'

follow(CROSSINGS)
follow(REKEYS)
