/**
 * Runs in a process of its own, in FIPS mode: AS, TGS, both S4U steps and a token, against the in-memory KDC or, given a
 * JSON argument, a real one. Prints one JSON object.
 */

import { createHash, getFips } from 'node:crypto'
import {
  allowOwnMd5,
  hasMd5,
  Initiator,
  KerberosClient,
  parsePrincipal,
  type KerberosClientOptions,
} from '../../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../../src/kerberos/io/index.ts'
import { errorCode } from '../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { newWorld, REALM, SPN } from '../kerberos-world.ts'

/** A real KDC. */
export interface RealKdc {
  readonly realm: string
  readonly kdc: string
  readonly connector: string
  readonly keytab: string
  readonly spn: string
}

interface Question {
  readonly ownMd5?: boolean
  readonly real?: RealKdc
}

const { ownMd5 = false, real } = JSON.parse(process.argv[2] ?? '{}') as Question
allowOwnMd5(ownMd5)

async function realClient(kdc: RealKdc, options: Partial<KerberosClientOptions>) {
  const { principal } = parsePrincipal(kdc.connector)
  const keys = await readKeytabFile(kdc.keytab)
  return new KerberosClient({
    identity: { principal, realm: kdc.realm, keys },
    transport: new NetworkKdcTransport({ kdcs: { [kdc.realm]: [kdc.kdc] } }),
    clock: systemClock,
    random: systemRandom,
    ...options,
  })
}

/** The code of what goes wrong, or `ok`. */
async function outcome(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'ok'
  } catch (error) {
    return errorCode(error)
  }
}

const world = newWorld()
world.kdc.fast = 'yes'
const client = real ? await realClient(real, {}) : world.client()
const realm = real?.realm ?? REALM
const channelBinding = Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, 1)])

/** AS, TGS, S4U2Self, S4U2Proxy, and tokens of the ticket that comes of it. */
async function delegate() {
  const service = await client.ownTicket(real?.spn ?? SPN)
  const evidence = await client.impersonate({ name: 'alice', realm })
  const ticket = await client.delegate(evidence, real?.spn ?? SPN)
  const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })
  return {
    service: service.client.nameString.join('/'),
    account: evidence.accountName,
    ticket: ticket.client.nameString.join('/'),
    token: initiator.createToken().token.length > 500,
    boundToken: await outcome(() => initiator.createToken({ channelBinding })),
  }
}

const opensslMd5 = await outcome(() => createHash('md5'))
const seen = { fips: getFips(), opensslMd5, hasMd5: hasMd5() }
const found = await delegate().catch((error: unknown) => ({ failed: errorCode(error) }))
console.log(JSON.stringify({ ...seen, ...found }))
