/**
 * This host's clock against the KDC's.
 *
 * @module
 */

import { found, type Check, type Finding } from '../check.ts'
import type { HostWorld, KdcTime } from './world.ts'

/** RFC 4120 section 1.3 suggests five minutes, and Active Directory keeps to it. */
const ALLOWED_MS = 300_000
/** Worth a word: something does not keep the time. */
const WORTH_A_WORD_MS = 30_000

const MENDS = [
  {
    text: 'Let chrony or systemd-timesyncd take the time from the domain controllers.',
    shell: 'chronyc makestep || timedatectl set-ntp true',
  },
]

function judge({ skewMs, problem }: KdcTime): Finding {
  if (skewMs === undefined) {
    const { code = '', text = '' } = problem ?? {}
    const wrong = code === 'ERR_KRB_SKEW'
    const message = `the KDC gave no ticket: ${code}: ${text}`
    if (wrong) return found('DOCTOR_CLOCK_WRONG', message, { mends: MENDS })
    return found('DOCTOR_CLOCK_UNKNOWN', message)
  }
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const message =
    seconds < 2
      ? 'this clock agrees with the KDC’s'
      : `this clock is ${seconds} seconds ${skewMs > 0 ? 'behind' : 'ahead of'} the KDC’s`
  if (Math.abs(skewMs) > ALLOWED_MS) return found('DOCTOR_CLOCK_WRONG', message, { mends: MENDS })
  if (Math.abs(skewMs) > WORTH_A_WORD_MS)
    return found('DOCTOR_CLOCK_OFF', message, { mends: MENDS })
  return found('DOCTOR_CLOCK_GOOD', message)
}

/** Seconds off. */
export const clockCheck: Check<HostWorld> = {
  id: 'host.clock',
  title: 'clock against the KDC’s',
  needs: [],
  async run({ kerberos }, signal) {
    if (kerberos === undefined) {
      return [found('DOCTOR_NOT_APPLICABLE', 'connector.yaml has no kerberos section')]
    }
    return [judge(await kerberos.compareClocks(signal))]
  },
}
