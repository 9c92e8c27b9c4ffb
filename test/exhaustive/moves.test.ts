// Every schedule of a move (MOVING §5, §6): one end thaws, once or twice, with data, readdressing and hints from the ledger.

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { MOVES } from './scenarios.ts'

follow(MOVES)
