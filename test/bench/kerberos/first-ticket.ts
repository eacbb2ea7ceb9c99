/** A user's first ticket, S4U2Self and then S4U2Proxy: our client against the program kvno, each with a TGT at hand. */
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KerberosClient } from '../../../src/kerberos/index.ts'
import { connectorClient } from '../../support/lab-kerberos.ts'
import { median } from '../wrk.ts'
import { SPN, type Setting } from './setting.ts'

/** Milliseconds. */
export interface FirstTicketResult {
  readonly oursMs: number
  readonly kvnoMs: number
  /** Our time by kvno's: the middle of the rounds' own ratios. */
  readonly ratio: number
  /** The same under armour (FAST), which kvno's requests do not have. */
  readonly armoredRatio: number
}

/** Rounds before those that count. */
const WARM_UP = 5
/** Tickets of ours before all rounds: a connector has been running for a while, kvno is a new process each time. */
const OWN_WARM_UP = 150

function environmentOf(krb5Conf: string, ccache: string): NodeJS.ProcessEnv {
  return { ...process.env, KRB5_CONFIG: krb5Conf, KRB5CCNAME: `FILE:${ccache}` }
}

/** Time from start to end of a process that has to succeed, milliseconds. */
function timed(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<number> {
  const [file, ...args] = command
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve(performance.now() - began)
      else reject(new Error(`${file} ended with ${code ?? 'a signal'}`))
    })
  })
}

/** Why it cannot be measured. */
export function firstTicketObstacle(setting: Setting): string | undefined {
  if (setting.lab === undefined) return `no domain (${setting.withoutLab ?? ''})`
  const missing = ['kinit', 'kvno'].filter((name) => spawnSync(name, ['-V']).error !== undefined)
  return missing.length === 0 ? undefined : `${missing.join(' and ')} (krb5-user) not installed`
}

/**
 * Measures both in turns. kvno finds a fresh copy of a cache with the connector's TGT each time: it keeps what it gets.
 *
 * @param setting - With a domain.
 * @param rounds - How often.
 */
export async function measureFirstTicket(
  { lab, folder, krb5Conf }: Setting,
  rounds: number,
): Promise<FirstTicketResult> {
  const connector = lab?.connectors['CONN1']
  if (lab === undefined || connector === undefined) throw new Error('no connector in the lab')
  const [kept, used] = [join(folder, 'connector.ccache'), join(folder, 'kvno.ccache')]
  const kinit = ['kinit', '-k', '-t', connector.keytab, connector.principal] as const
  await timed(kinit, environmentOf(krb5Conf, kept))
  const plain = await connectorClient(lab, 'CONN1', { fast: 'off' })
  const armored = await connectorClient(lab, 'CONN1', { fast: 'required' })
  const { userPrincipalName } = lab.users.alice
  const user = { name: userPrincipalName, realm: lab.realm, enterprise: true }
  const ours = async (client: KerberosClient): Promise<number> => {
    const began = performance.now()
    await client.delegate(await client.impersonate(user), SPN)
    return performance.now() - began
  }
  const kvno = (): Promise<number> => {
    copyFileSync(kept, used)
    return timed(['kvno', '-q', '-U', userPrincipalName, '-P', SPN], environmentOf(krb5Conf, used))
  }
  for (let once = 0; once < OWN_WARM_UP; once += 1) await ours(plain)
  const all: (readonly [number, number, number])[] = []
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const times = [await ours(plain), await kvno(), await ours(armored)] as const
    if (round >= 0) all.push(times)
  }
  return {
    oursMs: median(all.map(([mine]) => mine)),
    kvnoMs: median(all.map(([, theirs]) => theirs)),
    ratio: median(all.map(([mine, theirs]) => mine / theirs)),
    armoredRatio: median(all.map(([, theirs, mine]) => mine / theirs)),
  }
}
