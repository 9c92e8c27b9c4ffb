// Every schedule of rekeys, and of those that a move overtakes (MOVING §3, §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { REKEYS } from './scenarios.ts'

follow(REKEYS)
