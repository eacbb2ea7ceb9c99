/**
 * How long a header field the backend takes: a ticket of a user in many groups makes a long one.
 *
 * @module
 */

import { found, type Check, type Mend } from '../check.ts'
import type { AppWorld, BackendAnswer } from './world.ts'

/** Octets of a field; the last is what a token of Windows's largest size (MaxTokenSize, 48 000 octets) takes in Base64. */
const SIZES = [4_000, 8_000, 12_000, 16_000, 24_000, 32_000, 48_000, 64_000] as const

const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 414, 431, 494])

const LIMITS: readonly (readonly [RegExp, Mend])[] = [
  [
    /iis|httpapi/i,
    {
      text: 'On Windows (http.sys), then restart the service:',
      powershell: [
        String.raw`Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters MaxFieldLength 65534 -Type DWord`,
        String.raw`Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters MaxRequestBytes 131072 -Type DWord`,
        'Restart-Service http -Force',
      ].join('\n'),
    },
  ],
  [/apache/i, { text: 'On Apache:', setting: 'LimitRequestFieldSize 65536' }],
  [/nginx|openresty/i, { text: 'On nginx:', setting: 'large_client_header_buffers 4 64k;' }],
  [/tomcat|coyote/i, { text: 'On Tomcat:', setting: 'maxHttpHeaderSize="65536"' }],
]

function mendsFor(server: string): readonly Mend[] {
  const known = LIMITS.filter(([pattern]) => pattern.test(server)).map(([, mend]) => mend)
  return known.length > 0 ? known : LIMITS.map(([, mend]) => mend)
}

/** The last size that was taken and the first that was not. */
export const headersCheck: Check<AppWorld> = {
  id: 'app.headers',
  title: 'header fields that the backend takes',
  needs: ['app.schemes'],
  async run(world, signal) {
    if (world.app.singleSignOn !== 'kerberos') {
      return [found('DOCTOR_NOT_APPLICABLE', 'no tickets are sent to this backend')]
    }
    const route = world.route()
    const usual = await world.ask(route, {}, signal)
    let taken = 0
    for (const paddingOctets of SIZES) {
      const answer = await world.ask(route, { paddingOctets }, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        return String(error)
      })
      if (isRefused(answer, usual))
        return [tight({ taken, refused: paddingOctets }, { usual, answer })]
      taken = paddingOctets
    }
    return [found('DOCTOR_APP_HEADERS_ROOMY', `the backend takes header fields of ${taken} octets`)]
  },
}

function isRefused(answer: BackendAnswer | string, usual: BackendAnswer): boolean {
  if (typeof answer === 'string') return true
  return answer.status !== usual.status && TOO_LONG.has(answer.status)
}

interface Ends {
  readonly usual: BackendAnswer
  readonly answer: BackendAnswer | string
}

function tight({ taken, refused }: { taken: number; refused: number }, { usual, answer }: Ends) {
  const how = typeof answer === 'string' ? 'breaks off' : `answers ${answer.status}`
  // Microsoft's estimate of a token: 1200 octets, and 8 to 40 for each group; Base64 makes 4 of 3.
  const octets = Math.max(0, Math.floor((taken * 3) / 4) - 1200)
  const groups = `about ${Math.floor(octets / 40)} to ${Math.floor(octets / 8)} groups`
  const message = `the backend takes header fields of ${taken} octets (${groups}), and ${how} to ${refused}`
  const mends = mendsFor(usual.field('server').join(' '))
  return found('DOCTOR_APP_HEADERS_TIGHT', message, { mends })
}
