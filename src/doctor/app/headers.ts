/**
 * How long a header field the backend takes: a ticket of a user in many groups makes a long one.
 *
 * @module
 */

import { found, type Check, type Finding } from '../check.ts'
import { headerMends, type HeaderRoom, type RefusedSize } from '../header-room.ts'
import type { AppWorld } from './world.ts'

/** Octets of a field; the last is what a token of Windows's largest size (MaxTokenSize, 48 000 octets) takes in Base64. */
const SIZES = [4_000, 8_000, 12_000, 16_000, 24_000, 32_000, 48_000, 64_000] as const

/** What leads to settings of 64 KiB, the most that IIS takes. */
const LARGE_OCTETS = 52_000

/** The last size that was taken and the first that was not. */
export const headersCheck: Check<AppWorld> = {
  id: 'app.headers',
  title: 'header fields that the backend takes',
  needs: ['app.schemes'],
  async run(world, signal) {
    if (world.app.singleSignOn !== 'kerberos') {
      return [found('DOCTOR_NOT_APPLICABLE', 'no tickets are sent to this backend')]
    }
    const room = world.headerRoom()
    for (const octets of SIZES) {
      if (!(await room.takes(octets, signal)) && room.refused) return [tight(room, room.refused)]
    }
    const message = `the backend takes header fields of ${room.taken} octets`
    return [found('DOCTOR_APP_HEADERS_ROOMY', message)]
  },
}

function tight({ taken, server }: HeaderRoom, { octets: refused, how }: RefusedSize): Finding {
  // Microsoft's estimate of a token: 1200 octets, and 8 to 40 for each group; Base64 makes 4 of 3.
  const octets = Math.max(0, Math.floor((taken * 3) / 4) - 1200)
  const groups = `about ${Math.floor(octets / 40)} to ${Math.floor(octets / 8)} groups`
  const message = `the backend takes header fields of ${taken} octets (${groups}), and ${how} to ${refused}`
  const mends = headerMends(server, LARGE_OCTETS)
  return found('DOCTOR_APP_HEADERS_TIGHT', message, { mends })
}
