// Every schedule of a move whose former host turns hostile (MOVING §1, §5): one attack of each kind, at any moment.

import './crypto-cache.ts'
import { followHostile } from './follow.ts'
import { HOSTILE } from './scenarios.ts'

followHostile(HOSTILE)
