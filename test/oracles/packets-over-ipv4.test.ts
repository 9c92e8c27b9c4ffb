// Every kind of packet over IPv4, seen on real sockets and read by strangers.

import { readLives } from './lives.ts'

readLives(4)
