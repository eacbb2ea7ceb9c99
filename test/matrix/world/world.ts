/** The world of the matrix: a lab of its own, one gateway, three connectors, and what each case needs, all made at once. */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connectorConfiguration,
  policy as demoPolicy,
  type Configuration,
} from '../../../docker/demo/configuration.ts'
import { startLab, type Lab } from '../../../docker/lab.ts'
import { disown, own as tie, type Owned } from '../../../docker/lab/lifetime.ts'
import { runAs, type MatrixCase } from '../case.ts'
import { LabApache } from './apache.ts'
import { Certificates } from './certificates.ts'
import { MatrixConnector } from './connector.ts'
import { LabDirectoryFile } from './directory.ts'
import { MatrixGateway } from './gateway.ts'
import { computer, TRUSTED_TO_AUTH } from './ldif.ts'
import {
  appOf,
  delegationLines,
  entriesOf,
  hasOwnConnector,
  nameOf,
  namesOf,
  rowOf,
  SHARED_ACCOUNT,
  siteOf,
} from './names.ts'
import { People } from './people.ts'
import type { MatrixParts, Place } from './place.ts'

/** A case that is never broken, at the shared connector: its app works as long as nothing else breaks. */
export const STEADY: MatrixCase = {
  id: 'steady',
  name: 'nothing is broken',
  user: 'victor1',
  code: '',
  doctor: [],
  mend: { printed: '' },
}

/** The same at a connector that no case touches. */
export const ASIDE: MatrixCase = {
  ...STEADY,
  id: 'aside',
  app: () => ({ connectorGroup: 'aside' }),
}

/** The same at the connector that a case has for its own. */
export const BESIDE: MatrixCase = {
  ...STEADY,
  id: 'beside',
  app: () => ({ connectorGroup: 'own' }),
}

/** Everything, from the first account to the last process. */
export class MatrixWorld implements Owned {
  readonly #parts: MatrixParts
  readonly #aside: MatrixConnector

  private constructor(parts: MatrixParts, aside: MatrixConnector) {
    this.#parts = parts
    this.#aside = aside
  }

  /** Starts it for these cases. */
  static async start(
    wanted: readonly MatrixCase[],
    log: (line: string) => void,
  ): Promise<MatrixWorld> {
    const cases = [STEADY, ASIDE, BESIDE, ...wanted]
    const lab = await startLab({ log })
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-matrix-'))
    // A connector may run as another user, who passes through.
    chmodSync(folder, 0o711)
    try {
      return await begin(cases, { lab, folder })
    } catch (error) {
      await lab.stop()
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** For `begin` alone. */
  static of(parts: MatrixParts, aside: MatrixConnector): MatrixWorld {
    return new MatrixWorld(parts, aside)
  }

  /** Where a case takes place. */
  place(one: MatrixCase): Place {
    const connector = hasOwnConnector(one) ? this.#parts.own : this.#parts.shared
    return { ...this.#parts, ...namesOf(one, this.#parts.lab.env), connector }
  }

  /** Starts the connector of its own that a case has; with its edits, or without. */
  async startOwn(one: MatrixCase, edited: boolean, instead?: RegExp): Promise<void> {
    const place = this.place(one)
    await this.#parts.own.stop()
    const files = configurations(place, one.spares === 'connector' ? [one, BESIDE] : [one])
    for (const edits of [one.configure, edited ? one.edits : undefined]) {
      edits?.connector?.(files.connector, place)
      edits?.policy?.(files.policy, place)
    }
    this.#parts.own.write(files)
    await this.#parts.own.start(instead, runAs(one))
  }

  /** Ends every process and removes every file. */
  async stop(): Promise<void> {
    const { people, gateway, lab } = this.#parts
    disown(this)
    await people.close()
    for (const service of this.#services) await service.stop()
    rmSync(gateway.places.directory, { recursive: true, force: true })
    await lab.stop()
  }

  /** The same without waiting, for a process that is ending this moment; the lab looks after itself. */
  stopAtExit(): void {
    for (const service of this.#services) service.killAtExit()
    rmSync(this.#parts.gateway.places.directory, { recursive: true, force: true })
  }

  get #services(): readonly (MatrixConnector | MatrixGateway)[] {
    const { own, shared, gateway } = this.#parts
    return [own, shared, this.#aside, gateway]
  }
}

/** What a connector with an account of the matrix is told. */
function configurations(
  place: Place,
  cases: readonly MatrixCase[],
): { connector: Configuration; policy: Configuration } {
  const { lab, directory, gateway, connectorAccount, connectorPrincipal } = place
  const connector = connectorConfiguration(lab.env, gateway.places, 'CONN1')
  Object.assign(connector['kerberos'] as object, {
    principal: connectorPrincipal,
    keytab: directory.keytab(connectorAccount),
  })
  const { issuers } = demoPolicy(lab.env)
  const backends = cases.map((one) => rowOf(one, namesOf(one, lab.env)))
  return { connector, policy: { issuers, backends } }
}

async function begin(
  cases: readonly MatrixCase[],
  { lab, folder }: { lab: Lab; folder: string },
): Promise<MatrixWorld> {
  const directory = new LabDirectoryFile(lab, folder)
  const apache = new LabApache(lab.env)
  const certificates = new Certificates(lab.env)
  const apps = cases.map((one) => appOf(one, namesOf(one, lab.env)))
  const [gateway] = await Promise.all([
    MatrixGateway.start(lab.env, folder, apps),
    fill({ lab, directory, apache, certificates }, cases),
  ])
  const [shared, own, aside] = await Promise.all([
    MatrixConnector.register(gateway, 'shared'),
    MatrixConnector.register(gateway, 'own'),
    MatrixConnector.register(gateway, 'aside'),
  ])
  const people = new People(lab.env, gateway)
  const parts = { lab, directory, apache, certificates, gateway, people, shared, own }
  const world = MatrixWorld.of(parts, aside)
  tie(world)
  for (const connector of [shared, aside])
    connector.write(
      configurations(
        world.place(STEADY),
        cases.filter((one) => !hasOwnConnector(one)),
      ),
    )
  await Promise.all([shared.start(), aside.start()])
  return world
}

type Filled = Pick<MatrixParts, 'lab' | 'directory' | 'apache' | 'certificates'>

/** Accounts, names, keytabs and sites. */
async function fill(parts: Filled, cases: readonly MatrixCase[]): Promise<void> {
  const { lab, directory, apache, certificates } = parts
  const all = cases.map((one) => ({ one, names: namesOf(one, lab.env) }))
  const shares = all.filter(({ one }) => !hasOwnConnector(one))
  const spns = shares.map(({ one, names }) => String(rowOf(one, names)['servicePrincipalName']))
  const shared = computer({
    name: SHARED_ACCOUNT,
    flags: TRUSTED_TO_AUTH,
    lines: delegationLines(spns),
  })
  const entries = all.map(({ one, names }) => entriesOf(one, names))
  const hosts = all.map(({ one, names }) => {
    const target = one.dns === undefined ? names.apacheAddress : (one.dns?.(names) ?? null)
    return nameOf(target, names)
  })
  await directory.add([shared, ...entries, ...hosts].join(''))
  await directory.exportKeytabs()
  for (const { one, names } of all) {
    if (one.https) certificates.write(names.id, names.host)
    if (one.service !== null) apache.allowKeytab(directory.keytab(names.service))
    apache.write(names.id, siteOf(one, names))
  }
  await apache.reload()
}
