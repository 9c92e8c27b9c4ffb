// Every schedule of a move during which somebody closes or a host crashes (MOVING §4, §6).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { ENDINGS } from './scenarios.ts'

follow(ENDINGS)
