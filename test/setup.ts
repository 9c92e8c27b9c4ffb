// Loaded before every file of tests.

import { takeAwayAfterwards } from './support/afterwards.ts'

takeAwayAfterwards()
