/** What the loops work with: a realm with a ticket in a credential cache, out of a real domain or made up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { labAvailability, startLab, type Lab, type LabEnvironment } from '../../../docker/lab.ts'
import {
  generateKey,
  newCcache,
  type InitiatorTicket,
  type ServiceTicket,
} from '../../../src/kerberos/index.ts'
import { writeCcacheFile } from '../../../src/kerberos/io/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { userClient } from '../../support/lab-kerberos.ts'
import { sharedLab } from '../../support/lab.ts'
import { makeServiceTicket } from '../../support/service-ticket.ts'
import { started } from '../interrupt.ts'

/** The service all tokens are for. */
export const SERVICE = { host: 'iwa.corp.example', realm: 'CORP.EXAMPLE' }
/** Its principal. */
export const SPN: string = `HTTP/${SERVICE.host}`

/** Where the loops work. */
export interface Setting {
  /** A real domain; undefined: there is none, and the ticket is made up. */
  readonly lab: LabEnvironment | undefined
  /** Why there is no domain. */
  readonly withoutLab: string | undefined
  readonly folder: string
  readonly krb5Conf: string
  /** A cache with alice's ticket to the service. */
  readonly ccache: string
  remove(): Promise<void>
}

const KRB5_CONF = `[libdefaults]
  default_realm = ${SERVICE.realm}
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
`

const HOUR_MS = 3_600_000

const serviceKey = generateKey(18, systemRandom)

/**
 * A ticket that no KDC made, as large as one of a user in some thirty groups.
 *
 * @param user - Whom it names.
 * @param nowMs - It began a minute before and is valid for ten hours from then on.
 */
export function madeUpTicket(user: string, nowMs: number): ServiceTicket {
  const startTimeMs = nowMs - 60_000
  const ticket: InitiatorTicket = makeServiceTicket(
    {
      client: `${user}@${SERVICE.realm}`,
      server: `${SPN}@${SERVICE.realm}`,
      serviceKey,
      kvno: 1,
      startTimeMs,
      authorizationData: [{ adType: 1, adData: new Uint8Array(1000) }],
    },
    systemRandom,
  )
  const endTimeMs = nowMs + 10 * HOUR_MS
  return { ...ticket, flags: 0, authTimeMs: startTimeMs, startTimeMs, endTimeMs }
}

async function lab(
  wanted: boolean,
  log: (line: string) => void,
): Promise<{ env?: LabEnvironment; own?: Lab; without?: string }> {
  if (!wanted) return { without: '--no-lab' }
  const env = sharedLab()
  if (env !== undefined) return { env }
  const availability = labAvailability()
  if (!availability.ok) return { without: availability.reason ?? 'no lab can run here' }
  log('starting a domain')
  const own = await started(startLab({ log }), (late) => late.stop())
  return { env: own.env, own }
}

/**
 * Gets alice's ticket, from the domain of SALLYPORT_LAB, from one that is started for it, or made up.
 *
 * @param wantsLab - False: made up.
 * @param log - Told what takes time.
 */
export async function makeSetting(
  wantsLab: boolean,
  log: (line: string) => void,
): Promise<Setting> {
  const { env, own, without } = await lab(wantsLab, log)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const krb5Conf = env?.krb5Conf ?? join(folder, 'krb5.conf')
  if (env === undefined) writeFileSync(krb5Conf, KRB5_CONF)
  const ccache = join(folder, 'alice.ccache')
  const ticket =
    env === undefined
      ? madeUpTicket('alice', Date.now())
      : await userClient(env, 'alice', env.users.alice.password).ownTicket(SPN)
  await writeCcacheFile(ccache, newCcache([ticket]))
  return {
    ...{ lab: env, withoutLab: without, folder, krb5Conf, ccache },
    async remove() {
      rmSync(folder, { recursive: true, force: true })
      await own?.stop()
    },
  }
}
