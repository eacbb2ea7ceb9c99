/**
 * A lab with a second domain, BRANCH.EXAMPLE, a forest of its own, whose people have the names and mail addresses of the first one's
 * (docker/README.md). Either forest trusts the other.
 *
 * Provisioned and trusted once, and kept as snapshots. On this machine itself only.
 *
 * @module
 */

import { join } from 'node:path'
import { startLab } from '../lab.ts'
import { addressesOf, LAB, type LabEnvironment } from './environment.ts'
import { FurtherController, SCRIPTS, stopTogether } from './further.ts'
import { instanceDirectory, type LabServiceName } from './instance.ts'
import { keepSnapshots, withSnapshots } from './kept.ts'
import { runScript } from './processes.ts'
import { variablesOf } from './running.ts'
import type { Lab } from './types.ts'

const BRANCH = {
  realm: 'BRANCH.EXAMPLE',
  domain: 'branch.example',
  baseDn: 'DC=branch,DC=example',
  dc: 'bdc1.branch.example',
  upnSuffix: 'fabrikam.test',
} as const
const WORKGROUP = 'BRANCH'
const TLS_FOLDER = 'branch-tls'
const HOST = 5
const PORTS = [53, 88, 135, 389, 445, 636, 3268, 3269] as const
const ADMINISTRATOR = { name: 'Administrator', password: 'Lab-administrator-1' } as const

function addressOf(instance: number): string {
  return `127.88.${instance}.${HOST}`
}

/** The controller of BRANCH.EXAMPLE. Its DNS knows both domains. */
class BranchController extends FurtherController {
  readonly realm: string = BRANCH.realm
  readonly domain: string = BRANCH.domain
  readonly baseDn: string = BRANCH.baseDn
  /** A UPN suffix that the forest has beside its domain's name. */
  readonly upnSuffix: string = BRANCH.upnSuffix
  /** The controller's DNS name. */
  readonly dc: string = BRANCH.dc
  /** PEM file of the authority of its certificate, which is not the first domain's. */
  readonly caFile: string
  readonly #state: string
  readonly #tls: string

  constructor(env: LabEnvironment) {
    const { instance, directory } = env
    const [state, tls] = [join(directory, 'branch'), join(directory, TLS_FOLDER)]
    super({
      name: 'branch',
      address: addressOf(instance),
      variables: {
        ...variablesOf(env),
        ...namesOf(instance),
        LAB_STATE: state,
        LAB_KEYTABS: join(state, 'keytabs'),
        LAB_TLS: tls,
        KRB5_CONFIG: join(state, 'krb5.conf'),
        LAB_REALM: BRANCH.realm,
        LAB_WORKGROUP: WORKGROUP,
        LAB_DC: 'bdc1',
        LAB_ADDRESS: addressOf(instance),
        LAB_EPA_ADDRESS: '',
        LAB_SITES: 'web',
        LAB_PEOPLE: 'populate-branch.sh',
        LAB_UPN_SUFFIX: BRANCH.upnSuffix,
        LAB_MAIL_DOMAIN: LAB.domain,
        LAB_DNS_FORWARDER: addressesOf(instance).dc,
      },
      start: ['start.sh'],
      tool: ['tool.sh'],
      ports: PORTS,
      logFile: join(directory, 'log', 'branch.log'),
    })
    this.caFile = join(tls, 'ca.pem')
    this.#state = state
    this.#tls = tls
  }

  /** The keytab of `conn5` or `svc-web`. */
  keytab(account: 'conn5' | 'svc-web'): string {
    return join(this.#state, 'keytabs', `${account}.keytab`)
  }

  async provision(): Promise<void> {
    await this.script('provision.sh')
  }

  async restore(folder: string): Promise<void> {
    await this.script('restore.sh', this.snapshotIn(folder))
  }

  async makeCertificate(): Promise<void> {
    const args = [this.#tls, `dc=DNS:${BRANCH.dc},DNS:${BRANCH.domain},IP:${this.address}`]
    await runScript({ command: join(SCRIPTS, '..', 'tls.sh'), args })
  }
}

/** The branch's people can sign in at the lab's OpenID provider too. */
function variablesIn(instance: number): Readonly<Record<string, string>> {
  const further = {
    suffixes: [BRANCH.domain, BRANCH.upnSuffix],
    caFile: join(instanceDirectory(instance), TLS_FOLDER, 'ca.pem'),
    ldapUrl: `ldaps://${addressOf(instance)}`,
    ldapServerName: BRANCH.dc,
    workgroup: WORKGROUP,
    lookupUser: `svc-reader@${BRANCH.domain}`,
    lookupPassword: 'Lab-svc-reader-1',
  }
  return { ...namesOf(instance), LAB_OIDC_FURTHER: JSON.stringify(further) }
}

/** Both controllers ask the second one for names: it knows its own domain and passes on the rest to the first. */
function namesOf(instance: number): Readonly<Record<string, string>> {
  return { LAB_NAME_SERVER: addressOf(instance) }
}

/** A lab and its second domain; the controllers of both run. */
export interface ForestsLab extends Lab {
  readonly branch: BranchController
}

/** What a lab of two forests may be told. */
export interface ForestsOptions {
  /** What runs beside the controllers. Default nothing. */
  readonly services?: readonly Exclude<LabServiceName, 'dc'>[]
  /** Gets a line a step. */
  readonly log?: (line: string) => void
}

/**
 * Starts a lab with the domain controllers of both domains.
 *
 * @param options - What else runs there.
 * @returns The lab.
 */
export function startForestsLab(options: ForestsOptions = {}): Promise<ForestsLab> {
  return withSnapshots('forests', import.meta.filename, (folder, known) =>
    startWith(folder, known, options),
  )
}

async function startWith(
  folder: string,
  known: boolean,
  { services = [], log = () => undefined }: ForestsOptions,
): Promise<ForestsLab> {
  const lab = await startLab({
    services: ['dc', ...services],
    variables: variablesIn,
    ...(known ? { snapshot: join(folder, 'dc.tar.gz') } : {}),
    log,
  })
  const branch = new BranchController(lab.env)
  const forests = { ...lab, branch, stop: stopTogether(lab, [branch]) }
  try {
    await Promise.all([
      branch.makeCertificate(),
      known ? branch.restore(folder) : branch.provision(),
    ])
    await branch.start()
    if (!known) await trust(forests, folder, log)
  } catch (error) {
    await forests.stop()
    throw error
  }
  return forests
}

/** A forest trust both ways, which either side confirms to the other. */
async function trust(
  { branch, ...lab }: ForestsLab,
  folder: string,
  log: (line: string) => void,
): Promise<void> {
  log('making a forest trust, once for this version of Samba and these scripts')
  const { name, password } = ADMINISTRATOR
  await lab.samba([
    ...['domain', 'trust', 'create', branch.domain, '--type=forest', '--direction=both'],
    `-U${name}@${branch.realm}%${password}`,
    `--local-dc-ipaddress=${addressesOf(lab.env.instance).dc}`,
    ...[`--local-dc-username=${name}`, `--local-dc-password=${password}`],
  ])
  await Promise.all([lab.stopDc(), branch.stop()])
  await keepSnapshots(folder, async (into) => {
    const env = variablesOf(lab.env)
    const args = [join(into, 'dc.tar.gz')]
    await runScript({ command: join(SCRIPTS, 'snapshot.sh'), args, env })
    await branch.pack(into)
  })
  await Promise.all([lab.startDc(), branch.start()])
}
