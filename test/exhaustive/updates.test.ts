// Every schedule of UPDATEs that cross: readdresses, and rekeys beside them (RFC 8046 §3.2, RFC 7402 §6.9).

import './crypto-cache.ts'
import { follow } from './follow.ts'
import { UPDATES } from './scenarios.ts'

follow(UPDATES)
