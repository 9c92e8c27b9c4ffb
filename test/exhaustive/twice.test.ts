// Every schedule of two moves of one end and one of the other (MOVING §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { TWICE } from './scenarios.ts'

follow(TWICE)
